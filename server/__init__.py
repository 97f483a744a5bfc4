"""The programs: the command line, the web application, the workers, and the composition root."""
