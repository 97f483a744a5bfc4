"""What runs: the command line, the web application, the worker, and the root that composes them."""
