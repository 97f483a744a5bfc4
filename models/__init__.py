"""The model runtime: a service of its own that knows nothing of the Bible."""
