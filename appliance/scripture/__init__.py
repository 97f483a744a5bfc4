"""Delivery of scripture: canon, texts, dictionaries, importers, search."""
