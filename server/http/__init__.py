"""What routes share: limits per caller, threads, connections, compressed answers, the Host header."""
