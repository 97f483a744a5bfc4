"""Convert requests to prompts, and tokens to text, for all backends that generate text."""
