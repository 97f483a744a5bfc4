"""OSIS XML documents."""
