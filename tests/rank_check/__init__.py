"""Compare the search of two versions: the same verses in the same order, the same scores, the same features."""
