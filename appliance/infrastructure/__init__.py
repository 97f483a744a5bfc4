"""Infrastructure: databases, queues, files, processes and the network. It knows no domain."""
