"""The core of the runtime: it loads models, sends each request to its model, and returns the model's output."""
