"""The terminal client of a running Lampstand server. It uses HTTP and imports no code of the core."""
