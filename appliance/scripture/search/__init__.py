"""Finds the right verse: takes candidates from several signals, then puts them in one ranking."""
