"""How verses are related: a graph of topics, words and cross references, built from the library."""
