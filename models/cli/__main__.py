"""`python -m models.cli …`: the runtime on its own, without the rest of Lampstand."""

import sys

from models.cli import models

if __name__ == "__main__":
    sys.exit(models())
