"""How verses hang together: topics, words, cross references, as a graph that is built from the library."""
