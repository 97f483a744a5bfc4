"""Functions that change accounts.

Most functions take a unit of work and the time, so callers can combine these functions in one transaction. Functions that
check a password or a code take the database instead. They commit the attempt first, then compute the hash between two units
of work, and write the result in the second one.
"""
