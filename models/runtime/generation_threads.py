"""The number of threads that a chat model generates with on the processor: measured once, and stored.

The measurements are in the models folder. Each measurement is for one model, one processor and one version of
llama.cpp's library. If one of these changes, the measurement is repeated.
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
# On a machine with this many cores or fewer, a model uses all of them.
SMALL_MACHINE = 2
_LIBRARY = "llama-cpp-python"
_log = structlog.get_logger()


class Measurements(msgspec.Struct):
    """The rates that were measured on a machine, by the SHA-256 of the model."""

    machine: str
    rates: dict[str, list[ThreadRate]]


class ThreadChoice(msgspec.Struct, frozen=True):
    """How many threads a model generates with. If `candidates` is not empty, these numbers still need to be measured."""

    threads: int
    candidates: tuple[int, ...] = ()


class ThreadMeasurements:
    """The measurements in a models folder. If `fixed` is not 0, models use this number of threads and are not measured."""

    def __init__(self, folder: Path, *, fixed: int = 0) -> None:
        self._path, self._fixed = folder / FILE, fixed

    def choose(self, model: Model, processor: Processor, *, on_gpu: bool) -> ThreadChoice:
        """Return the best number of threads for a model. Before the measurement this is one less than the number of cores.

        A machine with two cores uses two threads: one thread was half as fast, also while other programs ran. A model
        on a GPU is not measured, because the processor does little of the work.
        """
        if self._fixed:
            return ThreadChoice(self._fixed)
        if rates := self._read(processor).rates.get(model.sha256):
            return ThreadChoice(best_threads(rates))
        return ThreadChoice(_default(processor.cores), () if on_gpu else thread_candidates(processor.cores))

    def store(self, model: Model, processor: Processor, rates: Sequence[ThreadRate]) -> None:
        """Store measurements. If the folder is not writable, the model is measured again when it is next loaded."""
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
    """Return the numbers of threads to measure: all cores, one less, and half of the cores. Return none for one core.

    Half of the cores is a candidate because two hardware threads may share one physical core.
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
