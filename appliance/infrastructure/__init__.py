"""Engines and the box they run on; knows no domain."""
