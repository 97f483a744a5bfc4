"""Threads of the server have a short time slice, where the kernel gives slices by thread."""

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
        pytest.skip("this kernel has no time slices by thread, or does not show them")
    return int(line[1])


def test_a_thread_and_those_that_it_starts_have_the_short_slice() -> None:
    def slice_of_a_thread_started_later() -> int:
        shorten_time_slice()
        assert _slice_of_this_thread() == TIME_SLICE_NS
        return _in_a_thread(_slice_of_this_thread)

    assert _in_a_thread(slice_of_a_thread_started_later) == TIME_SLICE_NS


def test_niceness_stays_and_other_threads_keep_their_slice() -> None:
    def niceness() -> int:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)
        shorten_time_slice()
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = _slice_of_this_thread()
    assert _in_a_thread(niceness) == 5
    assert _slice_of_this_thread() == before


def test_a_policy_that_somebody_chose_stays() -> None:
    def policy() -> int:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        shorten_time_slice()
        return os.sched_getscheduler(0)

    assert _in_a_thread(policy) == os.SCHED_BATCH


def test_where_the_processor_has_another_number_for_the_call_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "s390x")

    def slice_after() -> int:
        shorten_time_slice()
        return _slice_of_this_thread()

    assert _in_a_thread(slice_after) == _slice_of_this_thread()
