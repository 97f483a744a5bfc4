"""Measurements of the installed appliance, each beside a baseline of the same run."""
