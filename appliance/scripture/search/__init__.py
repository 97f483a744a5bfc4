"""Find the right verse: candidates from several signals, then one ranking."""
