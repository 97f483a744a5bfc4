"""Choose the next request of a device: bounded queues per device, interactive before batch, users in turn."""
