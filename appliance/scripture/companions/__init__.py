"""What stands beside the texts: cross references, topics with the votes of their readers, commentaries."""
