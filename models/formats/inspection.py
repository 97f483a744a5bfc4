"""Read a model's facts in a separate process, because its files may be malicious."""

from pathlib import Path

import msgspec

from models.errors import ModelFileRefused, ModelUnavailable
from models.formats.facts import Facts
from models.processes import run_module

TIMEOUT_S = 120.0


class _Inspected(msgspec.Struct, frozen=True):
    facts: Facts | None = None
    refused: str = ""


async def inspect(path: Path, family: str = "") -> Facts:
    """Return the facts of a model's file or folder. Raises ModelFileRefused."""
    try:
        output = await run_module("models.formats", str(path), family, timeout_s=TIMEOUT_S)
        inspected = msgspec.json.decode(output, type=_Inspected)
    except ModelUnavailable as error:
        raise ModelFileRefused(f"{path.name} could not be inspected: {error.message}") from error
    except msgspec.MsgspecError as error:
        raise ModelFileRefused(f"{path.name} could not be inspected: {error}.") from error
    if inspected.facts is None:
        raise ModelFileRefused(inspected.refused)
    return inspected.facts
