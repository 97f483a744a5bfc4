"""Translations: their verses, with notes, headings and other annotations."""
