"""Streams over HTTP: ids, heartbeats, and the end of a stream when the access of its caller ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import cast

import pytest
from fakes.accounts import NOW, PASSWORD, create_administrator, create_person, remove, reset_password, set_role

from appliance.community.accounts import queries
from appliance.community.accounts.memory_sessions import MEMORY_SESSIONS
from appliance.community.accounts.operations import people, signing_in
from appliance.community.accounts.operations.sessions import SignedIn, end_session
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import NOBODY, Identity
from appliance.infrastructure.database import Database
from appliance.infrastructure.database_errors import DiskFull
from appliance.infrastructure.event_hub import EventHub
from server.bootstrap import Appliance
from server.http.access import COOKIE_LOCAL, Connection
from server.http.streaming import LastEventIdInvalid, event_id, frame, while_allowed, with_heartbeats


def run_with_hub(appliance: Appliance, work: Callable[[EventHub], Awaitable[None]]) -> None:
    """Run `work` with a hub that follows the event log of the appliance."""

    async def run() -> None:
        hub = EventHub(appliance.events)
        await hub.begin()
        following = asyncio.create_task(hub.run())
        try:
            await asyncio.wait_for(work(hub), 10)
        finally:
            following.cancel()

    asyncio.run(run())


def connection_of(appliance: Appliance, identity: Identity, cookie: str = "") -> Connection:
    """The parts of a connection that streams use."""
    return cast(
        Connection,
        SimpleNamespace(
            user=identity,
            headers={},
            cookies={COOKIE_LOCAL: cookie},
            scope={"scheme": "http"},
            app=SimpleNamespace(state=SimpleNamespace(appliance_db=appliance.appliance_db, clock=appliance.clock)),
        ),
    )


async def silence() -> AsyncIterator[str]:
    """Yield one item, then wait forever."""
    yield "first"
    await asyncio.Event().wait()


async def rest_of(items: AsyncIterator[str | None]) -> list[str]:
    return [item async for item in items if item is not None]


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "9" * 16, "١"])
def test_an_invalid_event_id_is_refused(text: str) -> None:
    with pytest.raises(LastEventIdInvalid):
        event_id(text)


def test_an_event_is_encoded_as_a_server_sent_event() -> None:
    assert (7, None) == (event_id("7"), event_id(""))
    assert b'id: 7\nevent: said\ndata: {"a":1}\n\n' == frame(7, "said", b'{"a":1}')


def test_a_pause_yields_none_and_the_stream_ends_with_its_items() -> None:
    async def items() -> AsyncIterator[str]:
        yield "first"
        await asyncio.sleep(0.05)
        yield "second"

    async def run() -> list[str | None]:
        return [item async for item in with_heartbeats(items(), 0.02)]

    items_and_pauses = asyncio.run(run())

    assert ["first", "second"] == [item for item in items_and_pauses if item]
    assert None in items_and_pauses


def test_a_stream_ends_when_until_is_done() -> None:
    async def run() -> list[str]:
        until = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.05, until.set_result, None)
        return await rest_of(with_heartbeats(silence(), until=until))

    assert ["first"] == asyncio.run(asyncio.wait_for(run(), 5))


@pytest.fixture
def signed_in(appliance: Appliance) -> SignedIn:
    create_administrator(appliance.appliance_db)
    create_person(appliance.appliance_db)
    return sign_in(appliance, "ben", "10.0.0.7")


def sign_in(appliance: Appliance, login: str, address: str) -> SignedIn:
    now = appliance.clock.time()
    return signing_in.sign_in(
        appliance.appliance_db, login=login, password=PASSWORD, address=address, agent="", now=now
    )


def identify(appliance: Appliance, token: str) -> Identity:
    return queries.identify_session(appliance.appliance_db, token, now=appliance.clock.time())


@pytest.mark.parametrize("end_of_access", ["sign out", "role", "remove", "password"])
def test_the_stream_of_an_answer_ends_when_the_access_of_its_reader_ends(
    appliance: Appliance, signed_in: SignedIn, end_of_access: str
) -> None:
    database, ben = appliance.appliance_db, signed_in.person
    identity = identify(appliance, signed_in.token)
    assert identity.session is not None
    session = identity.session.id
    actions: dict[str, Callable[[], object]] = {
        "sign out": lambda: end_session(database, person=ben.id, session=session, now=NOW),
        "role": lambda: set_role(database, ben, Role.LEADER),
        "remove": lambda: remove(database, ben),
        "password": lambda: reset_password(database, ben),
    }

    async def work(hub: EventHub) -> None:
        reading = asyncio.create_task(
            rest_of(while_allowed(silence(), hub, connection_of(appliance, identity, signed_in.token)))
        )
        await asyncio.sleep(0.1)
        assert not reading.done()
        await asyncio.to_thread(actions[end_of_access])
        assert ["first"] == await asyncio.wait_for(reading, 2)

    run_with_hub(appliance, work)


def test_signing_out_of_a_session_in_memory_ends_its_streams_immediately(
    appliance: Appliance, signed_in: SignedIn
) -> None:
    database = appliance.appliance_db
    person, token = MEMORY_SESSIONS.sign_in(
        database, login="anna", password=PASSWORD, address="10.0.0.7", agent="", error=DiskFull("The disk is full.")
    )
    identity = identify(appliance, token)

    async def work(hub: EventHub) -> None:
        reading = asyncio.create_task(rest_of(while_allowed(silence(), hub, connection_of(appliance, identity, token))))
        await asyncio.sleep(0.1)
        assert not reading.done()
        assert identity.session is not None
        await asyncio.to_thread(end_session, database, person=person.id, session=identity.session.id, now=NOW)
        assert ["first"] == await asyncio.wait_for(reading, 2)

    run_with_hub(appliance, work)


def test_the_sign_out_of_another_person_ends_no_stream(appliance: Appliance, signed_in: SignedIn) -> None:
    database = appliance.appliance_db
    anna = sign_in(appliance, "anna", "10.0.0.8")
    identity, other = (identify(appliance, session.token) for session in (signed_in, anna))

    async def work(hub: EventHub) -> None:
        reading = asyncio.create_task(
            rest_of(while_allowed(silence(), hub, connection_of(appliance, identity, signed_in.token)))
        )
        assert other.session is not None
        await asyncio.to_thread(end_session, database, person=anna.person.id, session=other.session.id, now=NOW)
        done, _ = await asyncio.wait({reading}, timeout=0.3)
        assert not done
        reading.cancel()

    run_with_hub(appliance, work)


def test_a_caller_signed_out_before_the_stream_begins_gets_nothing(appliance: Appliance, signed_in: SignedIn) -> None:
    identity = identify(appliance, signed_in.token)
    assert identity.session is not None
    end_session(appliance.appliance_db, person=signed_in.person.id, session=identity.session.id, now=NOW)

    async def work(hub: EventHub) -> None:
        assert [] == await rest_of(while_allowed(silence(), hub, connection_of(appliance, identity, signed_in.token)))

    run_with_hub(appliance, work)


def forbid_guests(database: Database) -> None:
    with database.write() as work:
        people.set_guests_may_read(work, allowed=False, now=NOW)


def test_the_stream_of_a_guest_ends_when_guests_may_no_longer_read(appliance: Appliance) -> None:
    async def work(hub: EventHub) -> None:
        reading = asyncio.create_task(rest_of(while_allowed(silence(), hub, connection_of(appliance, NOBODY))))
        await asyncio.sleep(0.1)
        assert not reading.done()
        await asyncio.to_thread(forbid_guests, appliance.appliance_db)
        assert ["first"] == await asyncio.wait_for(reading, 2)

    run_with_hub(appliance, work)
