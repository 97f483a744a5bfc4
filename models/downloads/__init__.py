"""Download a file over HTTP. This package contains nothing specific to models."""
