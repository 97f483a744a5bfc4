"""From a request to a prompt, and from tokens to text: what every backend that writes shares."""
