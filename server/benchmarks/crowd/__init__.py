"""Whether a client can slow down other readers: one abuse at a time, each from a separate address."""
