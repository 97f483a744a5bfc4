"""What routes share: who may have how much at a time, threads, connections, compressed answers."""
