"""Notifications: every person has an inbox, filled from the event log, and can also get messages at outside services."""
