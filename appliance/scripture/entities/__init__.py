"""People, places and events, and the verses that mention them."""
