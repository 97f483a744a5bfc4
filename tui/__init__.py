"""The terminal client of a running Lampstand; it speaks HTTP and imports nothing of the core."""
