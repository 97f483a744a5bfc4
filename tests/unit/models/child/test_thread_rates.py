"""Threads are measured alone and beside a busy program, and the best number for both is chosen."""

import psutil
import pytest

from models.child.frames import ThreadRate
from models.child.thread_rates import OtherPrograms, best_threads, choose_threads, measure_threads


@pytest.mark.parametrize(
    ("rates", "best"),
    [
        # A little slower on a quiet machine, much faster on a busy one.
        ([ThreadRate(1, 95, 90), ThreadRate(2, 100, 3)], 1),
        ([ThreadRate(1, 60, 50), ThreadRate(2, 100, 45)], 2),
        ([ThreadRate(4, 100, 50), ThreadRate(2, 100, 50)], 2),
    ],
)
def test_the_best_number_of_threads_is_good_alone_and_beside_a_busy_program(rates: list[ThreadRate], best: int) -> None:
    assert best == best_threads(rates)


def test_each_candidate_is_measured_alone_and_then_beside_a_busy_program() -> None:
    programs: list[tuple[int, int]] = []

    def rate(threads: int, _seconds: float) -> float:
        programs.append((threads, len(psutil.Process().children())))
        return float(threads if programs[-1][1] == before else threads * 10)

    before = len(psutil.Process().children())
    rates = measure_threads(rate, (1, 3))

    assert [ThreadRate(1, 1.0, 10.0), ThreadRate(3, 3.0, 30.0)] == rates
    assert [(1, before), (3, before)] * 2 + [(1, before + 1), (3, before + 1)] * 2 == programs
    assert before == len(psutil.Process().children())


def test_a_slow_model_is_measured_in_one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.child.thread_rates.ENOUGH_S", 0.0)
    measured: list[int] = []

    def rate(threads: int, _seconds: float) -> float:
        measured.append(threads)
        return 1.0

    measure_threads(rate, (1, 2))

    assert [1, 2, 1, 2] == measured


def test_the_time_of_this_process_is_not_counted_as_other_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([(100.0, 50.0, 10.0), (102.0, 53.5, 12.5)])
    monkeypatch.setattr("models.child.thread_rates._readings", lambda: next(readings))

    assert 0.5 == OtherPrograms().cores_used()


class Backend:
    """A backend that is fastest with two threads."""

    threads = 0

    def writing_rate(self, threads: int, _seconds: float) -> float:
        return 100.0 - abs(threads - 2)

    def write_with(self, threads: int) -> None:
        self.threads = threads


class Others(OtherPrograms):
    def __init__(self, cores: float) -> None:
        self._cores = cores

    def cores_used(self) -> float:
        return self._cores


def test_a_backend_generates_with_the_best_candidate() -> None:
    backend = Backend()
    rates = choose_threads(backend, (1, 2, 4), Others(0.1))

    assert ([1, 2, 4], 2) == ([rate.threads for rate in rates], backend.threads)


def test_nothing_is_measured_on_a_busy_machine_or_without_candidates_or_support() -> None:
    backend = Backend()

    assert [] == choose_threads(backend, (1, 2), Others(0.9))
    assert [] == choose_threads(backend, (), Others(0.0))
    assert [] == choose_threads(object(), (1, 2), Others(0.0))
    assert 0 == backend.threads
