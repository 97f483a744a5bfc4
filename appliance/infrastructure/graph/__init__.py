"""A property graph in a file, queried in Cypher. Only this package uses the graph engine, in one module per engine."""
