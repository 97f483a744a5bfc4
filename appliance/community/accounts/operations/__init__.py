"""Writes of accounts.

Most functions take a unit of work and the time, so callers can combine them in one transaction. Functions that check a
password or a code take the database instead. They commit the attempt first, hash between units of work, and write the
result in another unit of work.
"""
