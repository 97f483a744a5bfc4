"""Accounts: people and their roles, sign-in, class codes, sessions and tokens."""
