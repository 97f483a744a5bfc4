"""`python -m models.cli …`: use the runtime without the rest of Lampstand."""

import os
import sys

import click

from models.cli import models
from models.errors import ModelError


def main() -> int:
    # The runtime handles prompts and answers, so only this user may read new files.
    os.umask(0o077)
    try:
        models()
    except ModelError as error:
        click.echo(f"Error: {error.message}", err=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
