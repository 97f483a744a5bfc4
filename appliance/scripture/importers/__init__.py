"""Importers. They read files (SWORD modules, OSIS, USFM, tables) as verses, topics, lexicon entries and other entries."""
