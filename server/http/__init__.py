"""Shared by the API and the pages: access, limits, threads, connections, streaming, rendering, the Host header."""
