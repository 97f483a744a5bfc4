"""Passes of one device: which requests share a pass, and what happens when their callers disconnect."""

import asyncio
from collections.abc import Sequence
from typing import Any

from models.errors import ModelCrashed, ModelError
from models.scheduler.fair_queue import Urgency
from models.scheduler.passes import PassLane, PassLimits, PassPart, RunPass


def new_lane() -> PassLane:
    return PassLane("cpu", capacity=100)


class Passes:
    """Runs passes on request, and records which parts shared a pass and how many passes ran at the same time."""

    def __init__(self, *, parallel: int = 1, tokens: int = 100) -> None:
        self.limits = PassLimits(parallel, tokens)
        self.running = self.most_running = 0
        self.payloads: list[list[str]] = []
        self.may_end = asyncio.Event()
        self.crashing_text = ""

    async def run(self, payloads: Sequence[str]) -> list[str]:
        self.payloads.append(list(payloads))
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            await self.may_end.wait()
        finally:
            self.running -= 1
        if self.crashing_text in payloads:
            raise ModelCrashed("The process died.")
        return [payload.upper() for payload in payloads]

    def submit(
        self,
        lane: PassLane,
        text: str,
        *,
        tokens: int = 10,
        key: str = "m",
        urgency: Urgency = Urgency.INTERACTIVE,
        run: RunPass | None = None,
    ) -> asyncio.Task[Any]:
        part = PassPart(key, text, tokens, run or self.run, self.limits)
        return asyncio.create_task(lane.run_part(part, urgency=urgency, user="", admitted=False))


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_waiting_requests_run_in_one_pass_up_to_the_token_limit_without_delay() -> None:
    async def scene() -> tuple[list[list[str]], list[str]]:
        lane, passes = new_lane(), Passes(tokens=30)
        tasks = [passes.submit(lane, "first")]
        await settle()
        tasks += [passes.submit(lane, text) for text in ("b", "c", "d", "e")]
        passes.may_end.set()
        return passes.payloads, await asyncio.gather(*tasks)

    payloads, answers = asyncio.run(scene())

    assert [["first"], ["b", "c", "d"], ["e"]] == payloads
    assert ["FIRST", "B", "C", "D", "E"] == answers


def test_models_and_urgencies_do_not_mix_in_a_pass() -> None:
    async def scene() -> list[list[str]]:
        lane, passes = new_lane(), Passes()
        tasks = [passes.submit(lane, "first")]
        await settle()
        tasks += [
            passes.submit(lane, "bulk", urgency=Urgency.BATCH),
            passes.submit(lane, "other model", key="n"),
            passes.submit(lane, "query"),
            passes.submit(lane, "more bulk", urgency=Urgency.BATCH),
        ]
        passes.may_end.set()
        await asyncio.gather(*tasks)
        return passes.payloads

    assert [["first"], ["other model"], ["query"], ["bulk", "more bulk"]] == asyncio.run(scene())


def test_requests_of_one_burst_run_in_one_pass_even_on_an_idle_lane() -> None:
    async def scene() -> list[list[str]]:
        lane, passes = new_lane(), Passes()
        passes.may_end.set()
        tasks = [passes.submit(lane, "a")]
        await asyncio.sleep(0)
        tasks += [passes.submit(lane, "b")]
        await asyncio.sleep(0)
        tasks += [passes.submit(lane, "c")]
        await asyncio.gather(*tasks)
        return passes.payloads

    assert [["a", "b", "c"]] == asyncio.run(scene())


def test_requests_of_disconnected_callers_are_removed() -> None:
    async def scene() -> list[list[str]]:
        lane, passes = new_lane(), Passes()
        tasks = [passes.submit(lane, "first")]
        await settle()
        tasks += [passes.submit(lane, text) for text in ("cancelled", "waiting")]
        await settle()
        tasks[1].cancel()
        passes.may_end.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        return passes.payloads

    assert [["first"], ["waiting"]] == asyncio.run(scene())


def test_a_text_that_crashes_the_process_fails_alone() -> None:
    async def scene() -> list[Any]:
        lane, passes = new_lane(), Passes()
        passes.crashing_text = "poison"
        tasks = [passes.submit(lane, text) for text in ("first", "a", "poison", "b")]
        await settle()
        passes.may_end.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, one, faulty, two = asyncio.run(scene())

    assert ("FIRST", "A", "B") == (first, one, two)
    assert isinstance(faulty, ModelCrashed)


def test_parallel_passes_up_to_the_limit_of_the_model_share_the_waiting_requests() -> None:
    async def scene() -> tuple[list[list[str]], int]:
        lane, passes = new_lane(), Passes(parallel=2)
        tasks = [passes.submit(lane, "first")]
        await settle()
        tasks += [passes.submit(lane, "second")]
        await settle()
        tasks += [passes.submit(lane, text, tokens=80) for text in "abcd"]
        passes.may_end.set()
        await asyncio.gather(*tasks)
        return passes.payloads, passes.most_running

    payloads, most_running = asyncio.run(scene())

    assert [["first"], ["second"], ["a"], ["b"], ["c"], ["d"]] == payloads
    assert 2 == most_running


def test_few_tokens_are_not_divided_between_passes() -> None:
    async def scene() -> list[list[str]]:
        lane, passes, gate = new_lane(), Passes(parallel=2), Passes()
        tasks = [gate.submit(lane, "first", key="n")]
        await settle()
        tasks += [passes.submit(lane, text, tokens=20) for text in "abc"]
        passes.may_end.set()
        gate.may_end.set()
        await asyncio.gather(*tasks)
        return passes.payloads

    assert [["a", "b", "c"]] == asyncio.run(scene())


def test_a_model_with_one_pass_at_a_time_has_the_device_alone() -> None:
    async def scene() -> int:
        lane, many, one = new_lane(), Passes(parallel=2), Passes()
        tasks = [many.submit(lane, "a")]
        await settle()
        tasks += [one.submit(lane, "b", key="n"), many.submit(lane, "c")]
        await settle()
        assert [["a"]] == many.payloads
        assert [] == one.payloads
        many.may_end.set()
        await settle()
        running = many.running + one.running
        one.may_end.set()
        await asyncio.gather(*tasks)
        return running

    assert 1 == asyncio.run(scene())


def test_the_other_texts_of_a_crashed_pass_are_retried_alone_and_succeed() -> None:
    async def scene() -> list[Any]:
        lane, passes = new_lane(), Passes(parallel=2)

        async def run(payloads: Sequence[str]) -> list[str]:
            await passes.may_end.wait()
            running[0] += 1
            running_counts.append(running[0])
            await asyncio.sleep(0)
            running[0] -= 1
            # All passes of the process die with it.
            if "poison" in payloads or not crashed_payloads:
                crashed_payloads.append(payloads)
                raise ModelCrashed("The process died.")
            return [payload.upper() for payload in payloads]

        crashed_payloads: list[Sequence[str]] = []
        running_counts, running = list[int](), [0]
        tasks = [passes.submit(lane, text, run=run) for text in ("healthy", "poison")]
        await settle()
        passes.may_end.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [1, 1] == running_counts[-2:]
        return outcomes

    healthy, faulty = asyncio.run(scene())

    assert "HEALTHY" == healthy
    assert isinstance(faulty, ModelCrashed)


def test_an_error_reaches_every_request_of_a_pass() -> None:
    async def broken(_payloads: object) -> list[str]:
        raise ModelError("no")

    async def scene() -> list[Any]:
        lane = new_lane()
        parts = [PassPart("m", text, 1, broken, PassLimits(1, 100)) for text in "ab"]
        runs = [lane.run_part(part, urgency=Urgency.INTERACTIVE, user="", admitted=False) for part in parts]
        return await asyncio.gather(*runs, return_exceptions=True)

    assert all(isinstance(outcome, ModelError) for outcome in asyncio.run(scene()))


def test_a_disconnected_request_at_the_front_blocks_no_other_request() -> None:
    async def scene() -> list[Any]:
        lane, passes = new_lane(), Passes(tokens=10)
        parts: dict[str, PassPart] = {}
        tasks_by_text: dict[str, asyncio.Task[Any]] = {}
        first = passes.submit(lane, "first")
        await settle()
        for user, text in (("a", "cancelled"), ("a", "a2"), ("b", "b1")):
            part = PassPart("m", text, 10, passes.run, passes.limits)
            parts[text] = part
            tasks_by_text[text] = asyncio.create_task(
                lane.run_part(part, urgency=Urgency.INTERACTIVE, user=user, admitted=False)
            )
        await settle()
        parts["cancelled"].result.cancel()
        passes.may_end.set()
        async with asyncio.timeout(5):
            return await asyncio.gather(*[first, tasks_by_text["a2"], tasks_by_text["b1"]])

    assert ["FIRST", "A2", "B1"] == asyncio.run(scene())


def test_waiting_requests_get_an_error_when_the_runtime_stops() -> None:
    async def scene() -> list[Any]:
        lane, passes = new_lane(), Passes(tokens=10)
        tasks = [passes.submit(lane, text) for text in ("first", "second")]
        await settle()
        await lane.close()
        return await asyncio.gather(*tasks, return_exceptions=True)

    assert all(isinstance(outcome, ModelError) for outcome in asyncio.run(scene()))
