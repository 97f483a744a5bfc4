"""Decide where a model goes and how much of it, from what its files say and what the machine has."""
