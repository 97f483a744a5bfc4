"""The runtime's HTTP face: the OpenAI protocol, and what managers need beside it."""
