"""Shared pages count once, and each process has a name."""

import os
import subprocess
import sys

import pytest

from server.benchmarks.companion import MeasurementFailed
from server.benchmarks.footprint.memory import ProcessMemory, in_words, memory_of_tree, proportional_mb, total_mb

ROLLUP = """\
55990b158000-7ffcd0984000 ---p 00000000 00:00 0                          [rollup]
Rss:               90000 kB
Pss:               50000 kB
Pss_Dirty:           112 kB
"""


def test_the_proportional_size_is_read_in_megabytes() -> None:
    assert 51.2 == proportional_mb(ROLLUP)


def test_a_kernel_without_the_sizes_is_an_error() -> None:
    with pytest.raises(MeasurementFailed, match="kernel"):
        proportional_mb("Rss: 90000 kB\n")


def test_a_process_and_what_it_started_are_measured() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        processes = memory_of_tree(os.getpid())
    finally:
        child.communicate(b"\n")

    assert len(processes) >= 2
    assert min(each.mb for each in processes) > 0.1
    assert processes == sorted(processes, key=lambda each: -each.mb)


def test_a_process_that_has_ended_takes_nothing() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()

    assert [] == memory_of_tree(child.pid)


def test_processes_of_one_name_are_told_apart() -> None:
    processes = [ProcessMemory("model", 90.4), ProcessMemory("web server", 80.2), ProcessMemory("model", 10.4)]

    assert pytest.approx(181.0) == total_mb(processes)
    assert "181 MB: model 1 90, web server 80, model 2 10" == in_words(processes)
