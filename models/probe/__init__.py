"""What this machine has for models: processor, memory, GPUs, and what the installed libraries make of them."""
