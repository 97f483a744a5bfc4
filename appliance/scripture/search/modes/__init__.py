"""The search modes. Each returns candidates for a request."""
