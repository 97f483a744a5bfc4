"""The models of one models folder: packaged models, and models that people add or download."""
