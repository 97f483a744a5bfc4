"""`python -m models.cli …`: the runtime on its own, without the rest of Lampstand."""

import os
import sys

import click

from models.cli import models
from models.errors import ModelError


def main() -> int:
    # Prompts and answers pass through here: new files are for this user alone.
    os.umask(0o077)
    try:
        models()
    except ModelError as error:
        click.echo(f"Error: {error.message}", err=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
