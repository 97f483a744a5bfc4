"""Thread pools in which callers take turns."""

import re
import threading
from concurrent.futures import Future
from contextvars import copy_context
from typing import Any

import pytest
from litestar.routes import HTTPRoute

from server.app import create_app
from server.bootstrap import Appliance
from server.http.threads import KIND, KIND_OPTION, REQUESTER, FairExecutor, Kind, Requester, Threads


def submit(executor: FairExecutor, caller: str, function: Any, *args: Any) -> "Future[Any]":
    def call() -> "Future[Any]":
        REQUESTER.set(Requester(caller, is_person=False))
        return executor.submit(function, *args)

    return copy_context().run(call)


def test_a_call_waits_for_its_own_caller_not_for_the_queue_of_another() -> None:
    executor = FairExecutor("test", 1, 1)
    gate, order = threading.Event(), list[str]()
    calls = [submit(executor, "crowd", gate.wait)]
    calls += [submit(executor, "crowd", order.append, f"crowd {number}") for number in range(5)]
    calls += [submit(executor, "reader", order.append, "reader")]

    gate.set()
    for call in calls:
        call.result(timeout=10)

    assert order.index("reader") <= 1
    executor.shutdown()


def test_a_caller_never_uses_more_threads_than_its_share() -> None:
    executor = FairExecutor("test", 3, 2)
    gate = threading.Event()
    calls = [submit(executor, "crowd", gate.wait) for _ in range(6)]

    assert submit(executor, "reader", lambda: "served").result(timeout=10) == "served"
    assert sum(call.running() for call in calls) == 2

    gate.set()
    assert [call.result(timeout=10) for call in calls] == [True] * 6
    executor.shutdown()


def test_an_error_reaches_its_caller_and_the_thread_continues() -> None:
    executor = FairExecutor("test", 1, 1)

    with pytest.raises(ZeroDivisionError):
        submit(executor, "one", lambda: 1 // 0).result(timeout=10)

    assert submit(executor, "one", lambda: 2).result(timeout=10) == 2
    executor.shutdown()


def test_queued_calls_still_run_after_a_shutdown() -> None:
    executor = FairExecutor("test", 1, 1)
    gate = threading.Event()
    submit(executor, "one", gate.wait)
    waiting = submit(executor, "one", lambda: "done")

    executor.shutdown(wait=False)
    gate.set()

    assert waiting.result(timeout=10) == "done"
    with pytest.raises(RuntimeError):
        executor.submit(lambda: None)


def test_the_handlers_of_a_kind_run_in_its_threads() -> None:
    threads = Threads()

    def name_of(kind: Kind) -> str:
        KIND.set(kind)
        return threads.submit(lambda: threading.current_thread().name).result(timeout=10)

    names = [copy_context().run(name_of, kind) for kind in Kind]
    threads.close()

    assert [name.rpartition("-")[0] for name in names] == ["reads", "searches", "sign-in"]


def test_passwords_are_hashed_in_separate_threads(appliance: Appliance) -> None:
    hashing = {"/session", "/setup", "/join", "/account/password", "/account/login", "/people", "/people/{}/password"}
    pages = {"/sign-in", "/setup", "/join", "/account/password", "/people", "/people/{}/password"}
    app = create_app(appliance)
    sign_in_paths = {
        re.sub(r"\{\w+(:\w+)?\}", "{}", route.path)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.opt.get(KIND_OPTION) is Kind.SIGN_IN
    }

    assert sign_in_paths == {f"/api/v1{path}" for path in hashing} | pages


def test_queued_calls_can_be_cancelled_by_a_shutdown() -> None:
    executor = FairExecutor("test", 1, 1)
    gate = threading.Event()
    submit(executor, "one", gate.wait)
    waiting = submit(executor, "one", lambda: "done")

    executor.shutdown(wait=False, cancel_futures=True)

    assert waiting.cancelled()
    gate.set()
