"""Which request a device serves next: bounded queues per device, interactive before batch, people in turn."""
