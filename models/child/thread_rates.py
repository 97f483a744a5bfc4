"""How quickly a model writes with different numbers of threads: alone, and beside a program that keeps a core busy.

Threads that share one token wait for the slowest of them. With as many as there are cores, any other program delays
all; with fewer, a core is idle on a quiet machine. Which is better depends on the machine and the model, so it is
measured.
"""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psutil

from models.child.frames import ThreadRate

# A slow model whose first round takes longer than `ENOUGH_S` is measured in one round.
MEASURED_S, ROUNDS, ENOUGH_S = 0.15, 2, 1.0
# Cores that other programs may use where a measurement counts as one of a quiet machine.
MAX_USED_BY_OTHERS = 0.5
# It ends by itself too, should this process be killed.
_BUSY_PROGRAM = "import time\nend = time.monotonic() + 60\nprint(flush=True)\nwhile time.monotonic() < end: pass"


class OtherPrograms:
    """What the programs beside this process compute, from when this is made."""

    def __init__(self) -> None:
        self._before = _readings()

    def cores_used(self) -> float:
        """How many cores they kept busy on average."""
        clock, busy, own = (now - before for now, before in zip(_readings(), self._before, strict=True))
        return max(0.0, busy - own) / clock


def choose_threads(backend: Any, candidates: Sequence[int], others: OtherPrograms) -> list[ThreadRate]:
    """Measure the candidates and have a backend write with the best; the rates.

    There are none where the backend cannot be measured or other programs keep the machine busy.
    """
    if not candidates or not hasattr(backend, "writing_rate") or others.cores_used() > MAX_USED_BY_OTHERS:
        return []
    rates = measure_threads(backend.writing_rate, candidates)
    backend.write_with(best_threads(rates))
    return rates


def measure_threads(writing_rate: Callable[[int, float], float], candidates: Sequence[int]) -> list[ThreadRate]:
    """The rates of each number of threads. `writing_rate(threads, seconds)` measures its tokens per second."""
    quiet = _rates(writing_rate, candidates)
    with _busy_program():
        busy = _rates(writing_rate, candidates)
    return [ThreadRate(threads, quiet[threads], busy[threads]) for threads in candidates]


def best_threads(rates: Sequence[ThreadRate]) -> int:
    """The number that does well in both cases: the largest product of its rates, of equals the smallest."""
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
                program.stdout.readline()  # it has begun
            yield
        finally:
            program.kill()


def _readings() -> tuple[float, float, float]:
    """Now, and the seconds that all programs and this one computed so far."""
    times = psutil.cpu_times()
    return time.monotonic(), times.user + times.nice + times.system, time.process_time()
