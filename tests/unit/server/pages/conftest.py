"""The page templates, with the same settings as in the application."""

from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

import server.pages
from server.http.rendering import TEMPLATE_GLOBALS


@pytest.fixture(scope="session")
def templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(server.pages.__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(TEMPLATE_GLOBALS)
    return environment
