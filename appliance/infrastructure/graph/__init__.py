"""A property graph in a file, asked in Cypher. The engine is named here and nowhere else, one file an engine."""
