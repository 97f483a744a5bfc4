"""Shared pages count once, and each process has a name."""

import os
import subprocess
import sys

import pytest

from server.benchmarks.footprint.memory import ProcessMemory, in_words, memory_of_tree, proportional_mb, total_mb
from server.benchmarks.helper_process import MeasurementFailed

ROLLUP = """\
55990b158000-7ffcd0984000 ---p 00000000 00:00 0                          [rollup]
Rss:               90000 kB
Pss:               50000 kB
Pss_Dirty:           112 kB
"""


def test_the_proportional_size_is_read_in_megabytes() -> None:
    assert 51.2 == proportional_mb(ROLLUP)


def test_a_kernel_that_does_not_report_sizes_is_an_error() -> None:
    with pytest.raises(MeasurementFailed, match="kernel"):
        proportional_mb("Rss: 90000 kB\n")


def test_a_process_and_its_children_are_measured() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        processes = memory_of_tree(os.getpid())
    finally:
        child.communicate(b"\n")

    assert len(processes) >= 2
    assert min(process.mb for process in processes) > 0.1
    assert processes == sorted(processes, key=lambda process: -process.mb)


def test_an_ended_process_uses_no_memory() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()

    assert [] == memory_of_tree(child.pid)


def test_processes_with_the_same_name_are_numbered() -> None:
    processes = [ProcessMemory("model", 90.4), ProcessMemory("web server", 80.2), ProcessMemory("model", 10.4)]

    assert pytest.approx(181.0) == total_mb(processes)
    assert "181 MB: model 1 90, web server 80, model 2 10" == in_words(processes)
