"""Links: cross references, and topics for which readers voted."""
