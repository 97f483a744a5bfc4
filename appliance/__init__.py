"""The core of Lampstand: scripture, study, community, media, and the infrastructure that they use."""

__version__ = "0.1.0"
