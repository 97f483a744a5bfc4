"""The number of threads with which a chat model writes on the processor: measured once, and remembered.

The measurements are in the models folder. Each is of one model, one processor and one version of llama.cpp's library,
and is repeated if one of these changes.
"""

import importlib.metadata
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from models.catalogue.model import Model
from models.child.frames import ThreadRate
from models.child.thread_rates import best_threads
from models.files import replace_file
from models.probe.devices import Processor

FILE = "threads.json"
# So few cores are all used.
SMALL_MACHINE = 2
_LIBRARY = "llama-cpp-python"
_log = structlog.get_logger()


class Measurements(msgspec.Struct):
    """The rates measured on a machine, by the SHA-256 of the model."""

    machine: str
    rates: dict[str, list[ThreadRate]]


class ThreadChoice(msgspec.Struct, frozen=True):
    """How many threads to write with; where there are `candidates`, they are still to be measured."""

    threads: int
    candidates: tuple[int, ...] = ()


class ThreadMemory:
    """The measurements in one models folder. A `fixed` number of threads is used without any, 0 for none."""

    def __init__(self, folder: Path, *, fixed: int = 0) -> None:
        self._path, self._fixed = folder / FILE, fixed

    def choose(self, model: Model, processor: Processor, *, on_gpu: bool) -> ThreadChoice:
        """The best threads for a model; before they are measured, all but one core where there are more than two.

        Of two cores both are used: one thread alone was half as quick, also beside other programs. A model that is on a
        GPU is not measured, because the processor does little of the work.
        """
        if self._fixed:
            return ThreadChoice(self._fixed)
        if rates := self._read(processor).rates.get(model.sha256):
            return ThreadChoice(best_threads(rates))
        return ThreadChoice(_default(processor.cores), () if on_gpu else thread_candidates(processor.cores))

    def remember(self, model: Model, processor: Processor, rates: Sequence[ThreadRate]) -> None:
        """Keep what was measured. A folder that cannot be written is measured again at the next loading."""
        measurements = self._read(processor)
        measurements.rates[model.sha256] = list(rates)
        _log.info(
            "threads measured", model=model.id, threads=best_threads(rates), rates=msgspec.to_builtins(list(rates))
        )
        try:
            replace_file(self._path, msgspec.json.format(msgspec.json.encode(measurements)))
        except OSError as error:
            _log.warning("measurements of threads are not remembered", reason=str(error))

    def _read(self, processor: Processor) -> Measurements:
        """The measurements of this machine; those of another are of no use."""
        machine = _description(processor)
        try:
            measurements = msgspec.json.decode(self._path.read_bytes(), type=Measurements)
        except (OSError, msgspec.MsgspecError):
            return Measurements(machine, {})
        return measurements if measurements.machine == machine else Measurements(machine, {})


def thread_candidates(cores: int) -> tuple[int, ...]:
    """The numbers to measure: all cores, one less, and half, as two hardware threads may share a core; none for one."""
    candidates = {cores, max(1, cores - 1), (cores + 1) // 2}
    return tuple(sorted(candidates)) if len(candidates) > 1 else ()


def _default(cores: int) -> int:
    return cores - 1 if cores > SMALL_MACHINE else cores


def _description(processor: Processor) -> str:
    try:
        version = importlib.metadata.version(_LIBRARY)
    except importlib.metadata.PackageNotFoundError:
        version = "missing"
    return f"{processor.name}, {processor.cores} cores, {' '.join(processor.features)}; {_LIBRARY} {version}"
