"""The number of threads that a chat model generates with on the processor: measured once, and stored.

The measurements are in the models folder. Each is for one model, one processor and one version of llama.cpp's library,
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
# With this many cores or fewer, all are used.
SMALL_MACHINE = 2
_LIBRARY = "llama-cpp-python"
_log = structlog.get_logger()


class Measurements(msgspec.Struct):
    """The measured rates of a machine, by the SHA-256 of the model."""

    machine: str
    rates: dict[str, list[ThreadRate]]


class ThreadChoice(msgspec.Struct, frozen=True):
    """How many threads to generate with. If there are `candidates`, they still need to be measured."""

    threads: int
    candidates: tuple[int, ...] = ()


class ThreadMeasurements:
    """The measurements in a models folder. If `fixed` is not 0, it is the number of threads, without measurements."""

    def __init__(self, folder: Path, *, fixed: int = 0) -> None:
        self._path, self._fixed = folder / FILE, fixed

    def choose(self, model: Model, processor: Processor, *, on_gpu: bool) -> ThreadChoice:
        """Return the best number of threads for a model. Before it is measured: all cores but one, or both of two.

        With two cores, one thread was half as fast, also beside other programs. A model on a GPU is not measured,
        because the processor does little of the work.
        """
        if self._fixed:
            return ThreadChoice(self._fixed)
        if rates := self._read(processor).rates.get(model.sha256):
            return ThreadChoice(best_threads(rates))
        return ThreadChoice(_default(processor.cores), () if on_gpu else thread_candidates(processor.cores))

    def store(self, model: Model, processor: Processor, rates: Sequence[ThreadRate]) -> None:
        """Store measurements. If the folder is not writable, the next loading measures again."""
        measurements = self._read(processor)
        measurements.rates[model.sha256] = list(rates)
        _log.info(
            "threads measured", model=model.id, threads=best_threads(rates), rates=msgspec.to_builtins(list(rates))
        )
        try:
            replace_file(self._path, msgspec.json.format(msgspec.json.encode(measurements)))
        except OSError as error:
            _log.warning("thread measurements were not stored", reason=str(error))

    def _read(self, processor: Processor) -> Measurements:
        """Return the measurements of this machine; measurements of another machine are ignored."""
        machine = _description(processor)
        try:
            measurements = msgspec.json.decode(self._path.read_bytes(), type=Measurements)
        except (OSError, msgspec.MsgspecError):
            return Measurements(machine, {})
        return measurements if measurements.machine == machine else Measurements(machine, {})


def thread_candidates(cores: int) -> tuple[int, ...]:
    """Return the numbers to measure: all cores, one less, and half of them; none for one core.

    Half of them is a candidate because two hardware threads may share a core.
    """
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
