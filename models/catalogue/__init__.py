"""The models of one models folder: those that come with packages, and those that people add or download."""
