"""Whether anybody can slow the readers down: one abuse at a time, each from an address of its own."""
