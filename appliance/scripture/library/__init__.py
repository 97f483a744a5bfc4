"""The library: one table of everything that is installed, whatever its kind."""
