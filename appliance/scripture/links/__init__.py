"""What ties verses to verses and to what people look for: cross references, and topics with the votes of their readers."""
