"""Answers to questions, grounded in retrieved passages."""
