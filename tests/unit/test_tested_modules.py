"""Every module with logic has a unit test that imports it. The list of exceptions only gets shorter."""

from collections.abc import Iterator
from pathlib import Path

from fakes.source_code import source_facts

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("appliance", "models", "server", "tui")
EXCEPTIONS = Path(__file__).with_name("modules_without_unit_tests.txt")
# A module with fewer statements has little that could go wrong.
MIN_STATEMENTS = 16


def test_modules_with_logic_have_unit_tests() -> None:
    untested = set(modules_with_logic()) - set(imported_by_unit_tests())
    listed = set(EXCEPTIONS.read_text(encoding="utf-8").split())

    assert set() == untested - listed, "Write a unit test for these modules."
    assert set() == listed - untested, f"Remove these lines from {EXCEPTIONS.name}."


def modules_with_logic() -> Iterator[str]:
    for package in PACKAGES:
        for path in (REPOSITORY / package).rglob("*.py"):
            if source_facts(path).statements >= MIN_STATEMENTS:
                yield ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")


def imported_by_unit_tests() -> Iterator[str]:
    for path in Path(__file__).parent.rglob("*.py"):
        yield from source_facts(path).imports
