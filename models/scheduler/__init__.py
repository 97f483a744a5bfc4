"""Choose the next request of a device. Each device has bounded queues, and serves interactive requests first, users in turn."""
