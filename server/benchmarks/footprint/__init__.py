"""Memory and waiting times of the whole appliance, started as people start it."""
