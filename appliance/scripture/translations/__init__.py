"""Translations: their verses, and what stands beside the words."""
