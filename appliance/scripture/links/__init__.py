"""Links: cross references, and topics with the votes of their readers."""
