"""Scripture: the canon, translations, dictionaries, importers and search."""
