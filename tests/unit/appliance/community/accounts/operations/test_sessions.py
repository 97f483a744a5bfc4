"""Sessions of browsers, from their beginning to their end."""

from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.community.accounts import queries
from appliance.community.accounts.operations import (
    password_changes,
    sessions,
    signing_in,
)
from appliance.community.accounts.person import (
    Person,
    SessionNotFound,
)
from appliance.infrastructure.database import Database

PASSWORD = "seven green lamps burn"
WHERE = {"address": "10.0.0.7", "agent": "Firefox"}


def test_a_session_ends_when_it_is_not_used_and_after_half_a_year(
    database: Database, anna: Person, later: Callable[[float], None]
) -> None:
    entered = signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE)
    for days in range(0, 179, 20):
        later(days * sessions.DAY_S)
        found = queries.identify_session(database, entered.token).session
        assert found is not None, days
        sessions.touch(database, found)
    later(181 * sessions.DAY_S)
    assert queries.identify_session(database, entered.token).person is None

    again = signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE)
    later((181 + 31) * sessions.DAY_S)
    assert queries.identify_session(database, again.token).person is None
    assert 2 == sessions.forget(database, 0.0)


def test_sessions_are_ended_one_by_one_and_by_a_new_password(database: Database, anna: Person) -> None:
    first, second, third = (signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE) for _ in range(3))
    kept = queries.identify_session(database, first.token).session
    ended = queries.identify_session(database, second.token).session
    sessions.end_session(database, person=anna.id, session=ended.id)
    with pytest.raises(SessionNotFound):
        sessions.end_session(database, person=anna.id + 1, session=kept.id)

    assert queries.identify_session(database, second.token).person is None
    password_changes.change_password(
        database, person=anna, old=PASSWORD, new="nine blue rivers run", session=kept.id, address="10.0.0.7"
    )
    assert [kept.id] == [each.id for each in queries.sessions(database, anna.id)]
    assert queries.identify_session(database, third.token).person is None
    assert signing_in.sign_in(database, login="anna", password="nine blue rivers run", **WHERE)


@pytest.mark.parametrize("jump", [3600.0, -3600.0, -40 * sessions.DAY_S])
def test_a_clock_that_jumps_signs_nobody_out(database: Database, anna: Person, jump: float) -> None:
    entered = signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE)
    session = queries.identify_session(database, entered.token).session
    assert session is not None
    sessions.touch(database, session, now=session.seen_at + jump)
    later = queries.identify_session(database, entered.token)

    assert anna == later.person
    assert later.session is not None
    assert later.session.expires_at >= session.expires_at


def test_a_restored_backup_has_no_sessions(database: Database, anna: Person, tmp_path: Path) -> None:
    entered = signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE)
    sessions.end_all_sessions(database)
    assert queries.identify_session(database, entered.token).person is None
    assert [anna] == queries.people(database)

    sessions.end_all_sessions(Database(tmp_path / "before-accounts.db", ()))
