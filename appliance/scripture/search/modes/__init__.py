"""The modes of search: each gives candidates for a request."""
