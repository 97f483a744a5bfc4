"""Who is served next: one bounded queue a device, interactive before batch, in turn between people."""
