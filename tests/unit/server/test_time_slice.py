"""Threads of the server have a short time slice, if the kernel supports slices per thread."""

import os
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server.time_slice import TIME_SLICE_NS, shorten_time_slice


def _in_a_thread(call: Callable[[], int]) -> int:
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(call).result()


def _slice_of_this_thread() -> int:
    scheduling = Path(f"/proc/self/task/{threading.get_native_id()}/sched")
    line = re.search(r"^se\.slice\s*:\s*(\d+)$", scheduling.read_text() if scheduling.exists() else "", re.MULTILINE)
    version = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if not line or not version or (int(version[1]), int(version[2])) < (6, 12):
        pytest.skip("this kernel does not support or does not show time slices per thread")
    return int(line[1])


def test_a_thread_and_the_threads_it_starts_have_the_short_slice() -> None:
    def slice_of_a_thread_started_later() -> int:
        shorten_time_slice()
        assert _slice_of_this_thread() == TIME_SLICE_NS
        return _in_a_thread(_slice_of_this_thread)

    assert _in_a_thread(slice_of_a_thread_started_later) == TIME_SLICE_NS


def test_the_niceness_and_the_slices_of_other_threads_do_not_change() -> None:
    def niceness() -> int:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)
        shorten_time_slice()
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = _slice_of_this_thread()
    assert _in_a_thread(niceness) == 5
    assert _slice_of_this_thread() == before


def test_a_policy_other_than_the_default_is_kept() -> None:
    def policy() -> int:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        shorten_time_slice()
        return os.sched_getscheduler(0)

    assert _in_a_thread(policy) == os.SCHED_BATCH


def test_nothing_changes_on_a_processor_with_an_unknown_system_call_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "s390x")

    def slice_after() -> int:
        shorten_time_slice()
        return _slice_of_this_thread()

    assert _in_a_thread(slice_after) == _slice_of_this_thread()
