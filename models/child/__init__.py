"""A model's own process: the code that runs in it, its messages, and the runtime's end of it.

Native code that crashes, hangs or eats memory takes only this process with it.
"""
