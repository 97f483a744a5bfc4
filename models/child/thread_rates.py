"""Measure how fast a model generates with different numbers of threads: alone, and while another program is busy.

The threads that compute a token wait for the slowest thread. With one thread per core, any other program delays all
threads. With fewer threads, a core is idle on a quiet machine. Which number is better depends on the machine and the
model, so the speed is measured. The busy program keeps one core busy.
"""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psutil

from models.child.frames import ThreadRate

# Each measurement takes `MEASURED_S` seconds. If the first round takes longer than `ENOUGH_S`, there is no second round.
MEASURED_S, ROUNDS, ENOUGH_S = 0.15, 2, 1.0
# A machine counts as quiet if other programs use at most this number of cores.
MAX_USED_BY_OTHERS = 0.5
# The busy program ends by itself after 60 seconds, in case this process is killed and cannot stop it.
_BUSY_PROGRAM = "import time\nend = time.monotonic() + 60\nprint(flush=True)\nwhile time.monotonic() < end: pass"


class OtherPrograms:
    """Measures the processor time of all other programs since this object was created."""

    def __init__(self) -> None:
        self._before = _readings()

    def cores_used(self) -> float:
        """Return how many cores the other programs kept busy on average."""
        clock, busy, own = (now - before for now, before in zip(_readings(), self._before, strict=True))
        return max(0.0, busy - own) / clock


def choose_threads(backend: Any, candidates: Sequence[int], others: OtherPrograms) -> list[ThreadRate]:
    """Measure the candidates, make the backend generate with the best number of threads, and return the rates.

    The result is empty if the backend cannot be measured or if other programs keep the machine busy.
    """
    if not candidates or not hasattr(backend, "writing_rate") or others.cores_used() > MAX_USED_BY_OTHERS:
        return []
    rates = measure_threads(backend.writing_rate, candidates)
    backend.write_with(best_threads(rates))
    return rates


def measure_threads(writing_rate: Callable[[int, float], float], candidates: Sequence[int]) -> list[ThreadRate]:
    """Return the rates for each candidate number of threads. `writing_rate(threads, seconds)` measures tokens per second."""
    quiet = _rates(writing_rate, candidates)
    with _busy_program():
        busy = _rates(writing_rate, candidates)
    return [ThreadRate(threads, quiet[threads], busy[threads]) for threads in candidates]


def best_threads(rates: Sequence[ThreadRate]) -> int:
    """Return the number of threads with the largest product of both rates. If products are equal, return the smaller number."""
    return max(rates, key=lambda rate: (rate.quiet * rate.busy, -rate.threads)).threads


def _rates(writing_rate: Callable[[int, float], float], candidates: Sequence[int]) -> dict[int, float]:
    began, rounds = time.monotonic(), list[dict[int, float]]()
    while not rounds or (len(rounds) < ROUNDS and time.monotonic() - began < ENOUGH_S):
        rounds.append({threads: writing_rate(threads, MEASURED_S) for threads in candidates})
    return {threads: sum(rates[threads] for rates in rounds) / len(rounds) for threads in candidates}


@contextlib.contextmanager
def _busy_program() -> Iterator[None]:
    command = [sys.executable, "-I", "-c", _BUSY_PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as program:  # noqa: S603 - our own program
        try:
            if program.stdout:
                program.stdout.readline()  # wait until it has started
            yield
        finally:
            program.kill()


def _readings() -> tuple[float, float, float]:
    """Return the time, the processor seconds of all programs so far, and the processor seconds of this process."""
    times = psutil.cpu_times()
    return time.monotonic(), times.user + times.nice + times.system, time.process_time()
