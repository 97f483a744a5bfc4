"""What the API and the pages share: access, limits, threads, connections, streaming, rendering, the Host header."""
