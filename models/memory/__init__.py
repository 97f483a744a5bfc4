"""What fits where: the memory of this machine, and a plan per model with its reasons."""
