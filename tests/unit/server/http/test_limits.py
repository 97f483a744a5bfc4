"""What one caller may have in progress at the same time."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import NOBODY, Identity, Person, Session
from appliance.errors import TooManyRequests
from server.http.limits import (
    SLOW_OF_ADDRESS,
    SLOW_OF_PERSON,
    STREAMS_OF_SESSION,
    STREAMS_OF_TOKEN,
    InProgress,
    SlowRequests,
    Streams,
    requester_of,
)
from server.http.threads import REQUESTER, Threads

ANNA = Person(id=1, name="Anna", login="anna", role=Role.MEMBER, class_code=None, created_at=0.0)
BROWSER = Session(id=4, person=1, created_at=0, seen_at=0, expires_at=0, address="", agent="")


@pytest.fixture
def threads() -> Iterator[Threads]:
    made = Threads()
    yield made
    made.close()


def test_what_has_ended_counts_no_longer() -> None:
    in_progress = InProgress("{most} are in progress.", 2.0)
    for _ in range(100):
        in_progress.take("anna", 1).release()

    slot = in_progress.take("anna", 1)
    with pytest.raises(TooManyRequests, match="1 are in progress") as refused:
        in_progress.take("anna", 1)

    assert refused.value.retry_after_s == 2.0
    slot.release()
    slot.release()
    in_progress.take("anna", 1)


def test_a_slot_that_nobody_holds_any_more_counts_no_longer() -> None:
    in_progress = InProgress("{most} are in progress.", 2.0)
    in_progress.take("anna", 1)

    in_progress.take("anna", 1)


@pytest.mark.parametrize(("identity", "most"), [(Identity(person=ANNA), SLOW_OF_PERSON), (NOBODY, SLOW_OF_ADDRESS)])
def test_slow_requests_beyond_the_limit_are_refused_and_others_still_run(
    threads: Threads, identity: Identity, most: int
) -> None:
    slow, gate = SlowRequests(threads), threading.Event()

    async def crowd() -> None:
        REQUESTER.set(requester_of(identity, "10.0.0.1"))
        held = [asyncio.create_task(slow.run(gate.wait)) for _ in range(most)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyRequests):
            await slow.run(gate.wait)
        REQUESTER.set(requester_of(NOBODY, "10.0.0.2"))
        assert await slow.run(lambda: "another caller") == "another caller"
        gate.set()
        await asyncio.gather(*held)

    asyncio.run(crowd())


def test_one_slow_request_after_another_is_never_refused(threads: Threads) -> None:
    slow = SlowRequests(threads)

    async def patient() -> int:
        REQUESTER.set(requester_of(Identity(person=ANNA), ""))
        return sum([await slow.run(lambda: 1) for _ in range(50)])

    assert asyncio.run(patient()) == 50


def test_somebody_who_signs_in_behind_a_shared_address_has_limits_of_their_own() -> None:
    assert requester_of(Identity(person=ANNA), "10.0.0.1") != requester_of(NOBODY, "10.0.0.1")
    assert requester_of(Identity(person=ANNA), "10.0.0.1") == requester_of(Identity(person=ANNA), "10.0.0.2")


def test_streams_count_per_session_and_per_token() -> None:
    streams = Streams()
    browser, program = Identity(person=ANNA, session=BROWSER), Identity(person=ANNA, scopes=frozenset(), token=3)
    held = [streams.take(browser, "10.0.0.1") for _ in range(STREAMS_OF_SESSION)]
    held += [streams.take(program, "10.0.0.1") for _ in range(STREAMS_OF_TOKEN)]

    for identity in (browser, program):
        with pytest.raises(TooManyRequests):
            streams.take(identity, "10.0.0.1")

    held.pop(0).release()
    streams.take(browser, "10.0.0.1")
