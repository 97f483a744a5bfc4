"""USFM files."""
