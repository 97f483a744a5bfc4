"""Infrastructure: databases, queues, files, processes and the network. This package does not depend on any domain."""
