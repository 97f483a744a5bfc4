"""The facts of model files, read in the process of the test. A separate process takes 0.2 s."""

from pathlib import Path

from models.formats.detect import read_facts
from models.formats.facts import Facts


async def inspect_in_process(path: Path, family: str) -> Facts:
    """Replaces `inspect`. The files of a test are not malicious. Raises ModelFileRefused."""
    return read_facts(path, family)
