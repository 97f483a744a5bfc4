"""Messages, pages, documentation and comments use plain English."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
FOLDERS = ("appliance", "docs", "models", "packaging", "server", "tests", "tui")
ENDINGS = {".py", ".md", ".html", ".js", ".css", ".sh", ".toml"}
AVOIDED = Path(__file__).with_name("words_to_avoid.txt")
# Lines in which a phrase is right, for example quoted scripture: path, tab, a part of the line.
RIGHT_IN_PLACE = Path(__file__).with_name("words_right_in_place.txt")


def test_phrases_to_avoid_are_not_used() -> None:
    patterns = [line for line in AVOIDED.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    avoided = re.compile("|".join(patterns), re.IGNORECASE)
    exceptions = [line.split("\t") for line in RIGHT_IN_PLACE.read_text(encoding="utf-8").splitlines()]
    unused = {(path, phrase) for path, phrase in exceptions}
    problems = []
    for path, text in texts():
        # First the whole file: most files have no such phrase.
        lines = text.splitlines() if avoided.search(text) else []
        for number, line in enumerate(lines, start=1):
            if not avoided.search(line):
                continue
            allowed = {(path, phrase) for where, phrase in exceptions if where == path and phrase in line}
            unused -= allowed
            if not allowed:
                problems.append(f"{path}:{number}: {line.strip()}")

    assert [] == problems
    assert set() == unused


def texts() -> list[tuple[str, str]]:
    """The path and text of every file that people read."""
    files = [
        path for folder in FOLDERS for path in sorted((REPOSITORY / folder).rglob("*")) if path.suffix in ENDINGS
    ] + [path for path in REPOSITORY.iterdir() if path.suffix in ENDINGS]
    return [(str(path.relative_to(REPOSITORY)), path.read_text(encoding="utf-8")) for path in files]
