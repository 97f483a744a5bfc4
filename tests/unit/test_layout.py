"""Rules for every module of the four packages, in addition to the contracts of import-linter."""

from collections import defaultdict
from pathlib import Path

from fakes.source_code import source_facts

ROOT = Path(__file__).parents[2]
MODULES = [
    path for package in ("appliance", "models", "server", "tui") for path in sorted((ROOT / package).rglob("*.py"))
]
MAX_LINES = 300


def test_the_packages_are_found() -> None:
    assert len(MODULES) > 200


def test_no_class_name_is_used_twice() -> None:
    modules_of = defaultdict(list)
    for path in MODULES:
        for name in source_facts(path).classes:
            modules_of[name].append(str(path.relative_to(ROOT)))

    assert {} == {name: modules for name, modules in modules_of.items() if len(modules) > 1}


def test_modules_are_short_and_fully_formatted() -> None:
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in MODULES}

    assert {} == {name: lines for name, text in texts.items() if (lines := len(text.splitlines())) > MAX_LINES}
    assert [] == [name for name, text in texts.items() if "fmt: " in text]
