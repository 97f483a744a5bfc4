"""Passes of one device: which requests go together, and what happens when their callers leave."""

import asyncio
from collections.abc import Sequence
from typing import Any

from models.errors import ModelCrashed, ModelError
from models.scheduler.fair_queue import Urgency
from models.scheduler.passes import PassLane, PassLimits, PassPart, RunPass


def lane() -> PassLane:
    return PassLane("cpu", capacity=100)


class Passes:
    """Runs passes when it is told to, and remembers what went together and how much at once."""

    def __init__(self, *, parallel: int = 1, tokens: int = 100) -> None:
        self.limits = PassLimits(parallel, tokens)
        self.running = self.most_running = 0
        self.seen: list[list[str]] = []
        self.go = asyncio.Event()
        self.poison = ""

    async def run(self, payloads: Sequence[str]) -> list[str]:
        self.seen.append(list(payloads))
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            await self.go.wait()
        finally:
            self.running -= 1
        if self.poison in payloads:
            raise ModelCrashed("The process died.")
        return [payload.upper() for payload in payloads]

    def ask(
        self,
        on: PassLane,
        text: str,
        *,
        tokens: int = 10,
        key: str = "m",
        urgency: Urgency = Urgency.INTERACTIVE,
        run: RunPass | None = None,
    ) -> asyncio.Task[Any]:
        part = PassPart(key, text, tokens, run or self.run, self.limits)
        return asyncio.create_task(on.run_part(part, urgency=urgency, user="", admitted=False))


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_what_waits_goes_together_by_tokens_and_waits_for_nothing() -> None:
    async def scene() -> tuple[list[list[str]], list[str]]:
        on, passes = lane(), Passes(tokens=30)
        tasks = [passes.ask(on, "first")]
        await settle()
        tasks += [passes.ask(on, text) for text in ("b", "c", "d", "e")]
        passes.go.set()
        return passes.seen, await asyncio.gather(*tasks)

    seen, answers = asyncio.run(scene())

    assert [["first"], ["b", "c", "d"], ["e"]] == seen
    assert ["FIRST", "B", "C", "D", "E"] == answers


def test_models_and_urgencies_do_not_mix_in_a_pass() -> None:
    async def scene() -> list[list[str]]:
        on, passes = lane(), Passes()
        tasks = [passes.ask(on, "first")]
        await settle()
        tasks += [
            passes.ask(on, "bulk", urgency=Urgency.BATCH),
            passes.ask(on, "other model", key="n"),
            passes.ask(on, "query"),
            passes.ask(on, "more bulk", urgency=Urgency.BATCH),
        ]
        passes.go.set()
        await asyncio.gather(*tasks)
        return passes.seen

    assert [["first"], ["other model"], ["query"], ["bulk", "more bulk"]] == asyncio.run(scene())


def test_requests_that_come_in_one_burst_go_together_also_on_an_idle_lane() -> None:
    async def scene() -> list[list[str]]:
        on, passes = lane(), Passes()
        passes.go.set()
        tasks = [passes.ask(on, "a")]
        await asyncio.sleep(0)
        tasks += [passes.ask(on, "b")]
        await asyncio.sleep(0)
        tasks += [passes.ask(on, "c")]
        await asyncio.gather(*tasks)
        return passes.seen

    assert [["a", "b", "c"]] == asyncio.run(scene())


def test_entries_whose_caller_left_are_dropped() -> None:
    async def scene() -> list[list[str]]:
        on, passes = lane(), Passes()
        tasks = [passes.ask(on, "first")]
        await settle()
        tasks += [passes.ask(on, text) for text in ("gone", "here")]
        await settle()
        tasks[1].cancel()
        passes.go.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        return passes.seen

    assert [["first"], ["here"]] == asyncio.run(scene())


def test_a_text_that_ends_the_process_fails_alone() -> None:
    async def scene() -> list[Any]:
        on, passes = lane(), Passes()
        passes.poison = "poison"
        tasks = [passes.ask(on, text) for text in ("first", "a", "poison", "b")]
        await settle()
        passes.go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, one, guilty, two = asyncio.run(scene())

    assert ("FIRST", "A", "B") == (first, one, two)
    assert isinstance(guilty, ModelCrashed)


def test_as_many_passes_run_side_by_side_as_the_model_bears_and_share_what_waits() -> None:
    async def scene() -> tuple[list[list[str]], int]:
        on, passes = lane(), Passes(parallel=2)
        tasks = [passes.ask(on, "first")]
        await settle()
        tasks += [passes.ask(on, "second")]
        await settle()
        tasks += [passes.ask(on, text, tokens=80) for text in "abcd"]
        passes.go.set()
        await asyncio.gather(*tasks)
        return passes.seen, passes.most_running

    seen, most_running = asyncio.run(scene())

    assert [["first"], ["second"], ["a"], ["b"], ["c"], ["d"]] == seen
    assert 2 == most_running


def test_few_tokens_are_not_parted_between_passes() -> None:
    async def scene() -> list[list[str]]:
        on, passes, gate = lane(), Passes(parallel=2), Passes()
        tasks = [gate.ask(on, "first", key="n")]
        await settle()
        tasks += [passes.ask(on, text, tokens=20) for text in "abc"]
        passes.go.set()
        gate.go.set()
        await asyncio.gather(*tasks)
        return passes.seen

    assert [["a", "b", "c"]] == asyncio.run(scene())


def test_a_model_that_bears_one_pass_has_the_device_for_itself() -> None:
    async def scene() -> int:
        on, many, one = lane(), Passes(parallel=2), Passes()
        tasks = [many.ask(on, "a")]
        await settle()
        tasks += [one.ask(on, "b", key="n"), many.ask(on, "c")]
        await settle()
        assert [["a"]] == many.seen
        assert [] == one.seen
        many.go.set()
        await settle()
        running = many.running + one.running
        one.go.set()
        await asyncio.gather(*tasks)
        return running

    assert 1 == asyncio.run(scene())


def test_what_went_beside_a_text_that_ends_the_process_is_tried_alone_and_unharmed() -> None:
    async def scene() -> list[Any]:
        on, passes = lane(), Passes(parallel=2)

        async def run(payloads: Sequence[str]) -> list[str]:
            await passes.go.wait()
            running[0] += 1
            beside.append(running[0])
            await asyncio.sleep(0)
            running[0] -= 1
            # All that runs in the process dies with it.
            if "poison" in payloads or not died:
                died.append(payloads)
                raise ModelCrashed("The process died.")
            return [payload.upper() for payload in payloads]

        died: list[Sequence[str]] = []
        beside, running = list[int](), [0]
        tasks = [passes.ask(on, text, run=run) for text in ("innocent", "poison")]
        await settle()
        passes.go.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [1, 1] == beside[-2:]
        return outcomes

    innocent, guilty = asyncio.run(scene())

    assert "INNOCENT" == innocent
    assert isinstance(guilty, ModelCrashed)


def test_an_error_reaches_everyone_of_a_pass() -> None:
    async def broken(_payloads: object) -> list[str]:
        raise ModelError("no")

    async def scene() -> list[Any]:
        on = lane()
        parts = [PassPart("m", text, 1, broken, PassLimits(1, 100)) for text in "ab"]
        works = [on.run_part(part, urgency=Urgency.INTERACTIVE, user="", admitted=False) for part in parts]
        return await asyncio.gather(*works, return_exceptions=True)

    assert all(isinstance(each, ModelError) for each in asyncio.run(scene()))


def test_one_who_left_at_the_front_takes_nobodys_place() -> None:
    async def scene() -> list[Any]:
        on, passes = lane(), Passes(tokens=10)
        parts: dict[str, PassPart] = {}
        works: dict[str, asyncio.Task[Any]] = {}
        first = passes.ask(on, "first")
        await settle()
        for user, text in (("a", "gone"), ("a", "a2"), ("b", "b1")):
            part = PassPart("m", text, 10, passes.run, passes.limits)
            parts[text] = part
            works[text] = asyncio.create_task(on.run_part(part, urgency=Urgency.INTERACTIVE, user=user, admitted=False))
        await settle()
        parts["gone"].result.cancel()
        passes.go.set()
        async with asyncio.timeout(5):
            return await asyncio.gather(*[first, works["a2"], works["b1"]])

    assert ["FIRST", "A2", "B1"] == asyncio.run(scene())


def test_those_who_wait_when_the_runtime_stops_are_told() -> None:
    async def scene() -> list[Any]:
        on, passes = lane(), Passes(tokens=10)
        tasks = [passes.ask(on, text) for text in ("first", "second")]
        await settle()
        await on.close()
        return await asyncio.gather(*tasks, return_exceptions=True)

    assert all(isinstance(each, ModelError) for each in asyncio.run(scene()))
