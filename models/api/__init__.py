"""The HTTP interface of the runtime: the OpenAI protocol, and administration."""
