"""Commentaries and their comments on verses."""
