"""Writes of accounts.

Most take a unit of work and the time, so that they can be combined into one transaction. Those that check a password or a
code take the database instead: the attempt is committed first, hashing is done between units of work, and what follows
from a right answer is one more.
"""
