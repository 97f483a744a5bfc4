"""Subscribers get the events that they may see, once, in order, from any cursor."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fakes.events import Said

from appliance.infrastructure import event_hub
from appliance.infrastructure.database import Database
from appliance.infrastructure.event_hub import EventHub, Reset
from appliance.infrastructure.events import Event, append_event, prune_events
from server.bootstrap import Appliance

EVERYONE = frozenset({"everyone"})
NOW = 1_800_000_000.0


def say(database: Database, number: int, audience: str = "everyone") -> None:
    with database.write() as work:
        append_event(work, Said(number=number), audience, now=NOW)


def number_of(item: Event | Reset) -> int:
    """The number in an event."""
    assert isinstance(item, Event)
    return item.payload_as(Said).number


def within(appliance: Appliance, work: Callable[[EventHub], Awaitable[object]]) -> object:
    """Run `work` with a hub that follows the appliance's log."""

    async def run() -> object:
        hub = EventHub(appliance.events)
        await hub.begin()
        following = asyncio.create_task(hub.run())
        try:
            return await asyncio.wait_for(work(hub), 20)
        finally:
            following.cancel()

    return asyncio.run(run())


async def first(hub: EventHub, count: int, after: int | None, audiences: frozenset[str] = EVERYONE) -> list[object]:
    items: list[object] = []
    async for item in hub.follow(after, audiences):
        items.append(item if isinstance(item, Reset) else number_of(item))
        if len(items) == count:
            return items
    return items


def test_an_event_of_another_process_reaches_all_subscribers(appliance: Appliance) -> None:
    elsewhere = Database(appliance.appliance_db.path, [])

    async def work(hub: EventHub) -> object:
        subscribers = [asyncio.create_task(first(hub, 2, 0)) for _ in range(5)]
        await asyncio.to_thread(say, elsewhere, 1)
        await asyncio.to_thread(say, elsewhere, 2)
        return await asyncio.gather(*subscribers)

    assert [[1, 2]] * 5 == within(appliance, work)


def test_closing_the_hub_ends_all_subscriptions(appliance: Appliance) -> None:
    say(appliance.appliance_db, 1)

    async def work(hub: EventHub) -> object:
        subscriber = asyncio.create_task(first(hub, 1, None))
        await asyncio.sleep(0)
        hub.close()
        return await subscriber, await first(hub, 1, 0)

    assert ([], []) == within(appliance, work)


def test_a_returning_subscriber_gets_missed_and_then_new_events(appliance: Appliance) -> None:
    for number in range(1, 8):
        say(appliance.appliance_db, number)

    async def work(hub: EventHub) -> object:
        returning = asyncio.create_task(first(hub, 5, 4))
        await asyncio.to_thread(say, appliance.appliance_db, 8)
        await asyncio.to_thread(say, appliance.appliance_db, 9)
        return await returning

    assert [5, 6, 7, 8, 9] == within(appliance, work)


def test_events_that_are_no_longer_in_memory_are_read_from_the_log(
    appliance: Appliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_hub, "MAX_RECENT", 5)
    monkeypatch.setattr(event_hub, "BATCH", 7)

    async def work(hub: EventHub) -> object:
        slow = hub.follow(0, EVERYONE)
        for number in range(1, 41):
            await asyncio.to_thread(say, appliance.appliance_db, number)
        return [number_of(await anext(slow)) for _ in range(40)]

    assert list(range(1, 41)) == within(appliance, work)


def test_a_subscriber_gets_only_events_for_its_audiences(appliance: Appliance) -> None:
    for number, audience in enumerate(
        ["everyone", "administrators", "person:1 administrators", "person:2", "everyone"]
    ):
        say(appliance.appliance_db, number, audience)

    async def work(hub: EventHub) -> object:
        return [
            await first(hub, 2, 0),
            await first(hub, 3, 0, EVERYONE | {"person:1"}),
            await first(hub, 4, 0, EVERYONE | {"administrators"}),
        ]

    assert [[0, 4], [0, 2, 4], [0, 1, 2, 4]] == within(appliance, work)


def test_a_pruned_or_unknown_id_gets_a_reset(appliance: Appliance) -> None:
    for number in range(1, 6):
        say(appliance.appliance_db, number)
    with appliance.appliance_db.write() as work:
        work.execute("DELETE FROM events WHERE id <= 3")

    async def ask(hub: EventHub) -> object:
        return [await first(hub, 1, 1), await first(hub, 1, 99), await first(hub, 1, 3)]

    assert [[Reset(5)], [Reset(5)], [4]] == within(appliance, ask)


def test_an_event_is_saved_only_with_its_unit_of_work(appliance: Appliance) -> None:
    with pytest.raises(ZeroDivisionError), appliance.appliance_db.write() as work:
        append_event(work, Said(number=1), now=NOW)
        raise ZeroDivisionError

    assert 0 == appliance.events.newest()
    assert appliance.events.is_complete_after(0)


def test_ids_continue_after_old_events_are_pruned(appliance: Appliance) -> None:
    say(appliance.appliance_db, 1)
    with appliance.appliance_db.write() as work:
        pruned = prune_events(work, before=NOW + 1)
    say(appliance.appliance_db, 2)

    assert 1 == pruned
    assert [2] == [event.id for event in appliance.events.after(0)]
    assert not appliance.events.is_complete_after(0)
    assert appliance.events.is_complete_after(1)
