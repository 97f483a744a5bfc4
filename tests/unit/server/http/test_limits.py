"""The limits on simultaneous requests of one caller."""

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
    threads = Threads()
    yield threads
    threads.close()


def test_an_ended_request_does_not_count() -> None:
    in_progress = InProgress("{limit} are in progress.", 2.0)
    for _ in range(100):
        in_progress.take("anna", 1).release()

    slot = in_progress.take("anna", 1)
    with pytest.raises(TooManyRequests, match="1 are in progress") as refused:
        in_progress.take("anna", 1)

    assert refused.value.retry_after_s == 2.0
    slot.release()
    slot.release()
    in_progress.take("anna", 1)


def test_an_unreferenced_request_does_not_count() -> None:
    in_progress = InProgress("{limit} are in progress.", 2.0)
    in_progress.take("anna", 1)

    in_progress.take("anna", 1)


@pytest.mark.parametrize(("identity", "limit"), [(Identity(person=ANNA), SLOW_OF_PERSON), (NOBODY, SLOW_OF_ADDRESS)])
def test_slow_requests_beyond_the_limit_are_refused_and_other_callers_still_run(
    threads: Threads, identity: Identity, limit: int
) -> None:
    slow, gate = SlowRequests(threads), threading.Event()

    async def crowd() -> None:
        REQUESTER.set(requester_of(identity, "10.0.0.1"))
        running = [asyncio.create_task(slow.run(gate.wait)) for _ in range(limit)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyRequests):
            await slow.run(gate.wait)
        REQUESTER.set(requester_of(NOBODY, "10.0.0.2"))
        assert await slow.run(lambda: "another caller") == "another caller"
        gate.set()
        await asyncio.gather(*running)

    asyncio.run(crowd())


def test_one_slow_request_after_another_is_never_refused(threads: Threads) -> None:
    slow = SlowRequests(threads)

    async def patient() -> int:
        REQUESTER.set(requester_of(Identity(person=ANNA), ""))
        return sum([await slow.run(lambda: 1) for _ in range(50)])

    assert asyncio.run(patient()) == 50


def test_a_signed_in_person_behind_a_shared_address_has_their_own_limits() -> None:
    assert requester_of(Identity(person=ANNA), "10.0.0.1") != requester_of(NOBODY, "10.0.0.1")
    assert requester_of(Identity(person=ANNA), "10.0.0.1") == requester_of(Identity(person=ANNA), "10.0.0.2")


def test_streams_count_per_session_and_per_token() -> None:
    streams = Streams()
    browser, program = Identity(person=ANNA, session=BROWSER), Identity(person=ANNA, scopes=frozenset(), token=3)
    open_streams = [streams.take(browser, "10.0.0.1") for _ in range(STREAMS_OF_SESSION)]
    open_streams += [streams.take(program, "10.0.0.1") for _ in range(STREAMS_OF_TOKEN)]

    for identity in (browser, program):
        with pytest.raises(TooManyRequests):
            streams.take(identity, "10.0.0.1")

    open_streams.pop(0).release()
    streams.take(browser, "10.0.0.1")
