"""Download a file over HTTP. Nothing here is about models."""
