"""SWORD modules: translations, commentaries and dictionaries."""
