"""The page templates: short lines, and valid Jinja."""

from pathlib import Path

import pytest
from jinja2 import Environment

import server.pages

MAX_COLUMNS = 120
TEMPLATES = sorted(Path(server.pages.__file__).parent.glob("*.html"))


def test_templates_are_found() -> None:
    assert "layout.html" in {template.name for template in TEMPLATES}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_no_line_of_a_template_is_too_long(template: Path) -> None:
    lines = template.read_text().splitlines()

    assert [] == [f"line {number}" for number, line in enumerate(lines, start=1) if len(line) > MAX_COLUMNS]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_every_template_parses(template: Path) -> None:
    Environment(autoescape=True).parse(template.read_text(), filename=template.name)
