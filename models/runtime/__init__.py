"""One runtime at work: it loads models, gives each request to its model, and hands on what the model says."""
