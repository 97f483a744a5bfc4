"""Probe the machine: processor, memory, GPUs, and what the installed libraries can use."""
