"""Translations and their verses, with notes, headings and other annotations."""
