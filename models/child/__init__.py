"""A model's own process: what runs in it, what it says to its host, and the host's end of it.

Native code that crashes, hangs or eats memory takes only this process with it.
"""
