"""Links: cross references, and topics with votes of readers."""
