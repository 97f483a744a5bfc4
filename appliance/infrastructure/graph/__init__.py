"""A property graph in a file, queried in Cypher. No other package uses the engine; each engine has one module."""
