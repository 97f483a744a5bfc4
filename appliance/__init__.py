"""The core of Lampstand: scripture, study, community, media, and the engines beneath them."""

__version__ = "0.1.0"
