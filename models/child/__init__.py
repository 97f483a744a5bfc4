"""The child process of a model: the code that runs in it, its messages, and the runtime's side of the connection.

If native code crashes, hangs or takes too much memory, only the child process dies, not the runtime.
"""
