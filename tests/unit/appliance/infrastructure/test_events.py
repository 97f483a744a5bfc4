"""The log contains typed events in order, each with its kind, audience and payload."""

from typing import ClassVar

import msgspec
import pytest
from fakes.events import Said

from appliance.infrastructure.events import EVERYONE, DomainEvent, append_event, forget_events, one_person, person_in
from server.bootstrap import Appliance

NOW = 1_800_000_000.0


class Heard(DomainEvent, frozen=True, kw_only=True):
    event_kind: ClassVar[str] = "heard"

    by: list[int]
    quietly: bool | None = None


def test_an_event_is_logged_with_its_kind_and_fields(appliance: Appliance) -> None:
    with appliance.appliance_db.write() as work:
        number = append_event(work, Heard(by=[1, 2]), "members person:7", now=NOW)
    (event,) = appliance.events.after(0)

    assert (number, "heard", frozenset({"members", "person:7"})) == (event.id, event.kind, event.audience)
    assert NOW == event.at
    assert b'{"by":[1,2],"quietly":null}' == bytes(event.payload)


def test_a_payload_is_decoded_as_its_type(appliance: Appliance) -> None:
    with appliance.appliance_db.write() as work:
        append_event(work, Heard(by=[1]), now=NOW)
    (event,) = appliance.events.after(0)

    assert event.is_a(Heard)
    assert not event.is_a(Said)
    assert Heard(by=[1]) == event.payload_as(Heard)
    with pytest.raises(msgspec.ValidationError):
        event.payload_as(Said)


def test_unknown_fields_of_a_payload_are_ignored(appliance: Appliance) -> None:
    with appliance.appliance_db.write() as work:
        work.execute(
            "INSERT INTO events (at, kind, audience, payload) VALUES (1, 'said', 'everyone', '{\"number\":1,\"x\":2}')"
        )
    (event,) = appliance.events.after(0)

    assert Said(number=1) == event.payload_as(Said)


def test_events_for_a_removed_person_lose_their_content(appliance: Appliance) -> None:
    with appliance.appliance_db.write() as work:
        append_event(work, Said(number=1), one_person(7), now=NOW)
        append_event(work, Said(number=2), f"{one_person(7)} administrators", now=NOW)
        append_event(work, Said(number=3), EVERYONE, now=NOW)
        forget_events(work, one_person(7))

    assert [("forgotten", b"{}"), ("said", b'{"number":2}'), ("said", b'{"number":3}')] == [
        (event.kind, bytes(event.payload)) for event in appliance.events.after(0)
    ]


def test_the_account_number_of_a_one_person_audience_is_found() -> None:
    assert 7 == person_in(one_person(7))
    assert person_in("members") is None
