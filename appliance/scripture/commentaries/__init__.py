"""Commentaries: what they say about verses."""
