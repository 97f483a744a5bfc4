"""Notifications: an inbox per person, filled from the event log, and optional messages to outside services."""
