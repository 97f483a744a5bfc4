"""The search modes. Each mode returns candidates for a request."""
