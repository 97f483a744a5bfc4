"""Dictionaries: lexicons by Strong's number, and topical dictionaries."""
