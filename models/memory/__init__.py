"""Plan the memory of this machine: a memory budget, and a load plan per model with its reasons."""
