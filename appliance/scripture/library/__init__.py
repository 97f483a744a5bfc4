"""The library: one table of all installed items, of every kind."""
