"""Measure whether a client can slow down other readers. One abuse runs at a time, each from a separate address."""
