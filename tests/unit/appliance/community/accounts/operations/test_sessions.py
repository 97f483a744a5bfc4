"""Browser sessions: start, renew and end them."""

from pathlib import Path

import pytest
from fakes.accounts import NEW_PASSWORD, NOW, PASSWORD

from appliance.community.accounts import queries
from appliance.community.accounts.operations import password_changes, sessions, signing_in
from appliance.community.accounts.operations.sessions import DAY_S, SignedIn
from appliance.community.accounts.person import NOBODY, Identity, Person, Session, SessionNotFound
from appliance.infrastructure.database import Database

CLIENT = {"address": "10.0.0.7", "agent": "Firefox"}


def sign_in(database: Database, person: Person, now: float = NOW) -> SignedIn:
    with database.write() as work:
        return sessions.start_session(work, person, **CLIENT, now=now)


def identify(database: Database, signed_in: SignedIn, now: float = NOW) -> Identity:
    return queries.identify_session(database, signed_in.token, now=now)


def touch(database: Database, session: Session, now: float) -> None:
    with database.write() as work:
        sessions.touch(work, session, now=now)


def test_a_session_ends_without_use_and_after_half_a_year(database: Database, anna: Person) -> None:
    signed_in = sign_in(database, anna)
    for days in range(0, 179, 20):
        session = identify(database, signed_in, NOW + days * DAY_S).session
        assert session is not None, days
        touch(database, session, NOW + days * DAY_S)
    assert NOBODY == identify(database, signed_in, NOW + 181 * DAY_S)

    again = sign_in(database, anna, NOW + 181 * DAY_S)
    assert NOBODY == identify(database, again, NOW + (181 + 31) * DAY_S)
    with database.write() as work:
        assert 2 == sessions.delete_expired_sessions(work, now=NOW + (181 + 31) * DAY_S)


def test_the_use_of_a_session_is_stored_every_five_minutes(database: Database, anna: Person) -> None:
    session = identify(database, sign_in(database, anna)).session
    assert session is not None

    assert [False, False, True] == [sessions.is_due(session, NOW + seconds) for seconds in (0, 299, 300)]


def test_a_session_ends_on_sign_out_and_on_a_new_password(database: Database, anna: Person) -> None:
    first, second, third = (sign_in(database, anna) for _ in range(3))
    kept, ended = (identify(database, session).session for session in (first, second))
    assert kept is not None
    assert ended is not None
    sessions.end_session(database, person=anna.id, session=ended.id, now=NOW)
    with pytest.raises(SessionNotFound):
        sessions.end_session(database, person=anna.id + 1, session=kept.id, now=NOW)

    assert NOBODY == identify(database, second)
    password_changes.change_password(
        database, person=anna, old=PASSWORD, new=NEW_PASSWORD, session=kept.id, address="10.0.0.7", now=NOW
    )
    assert [kept.id] == [session.id for session in queries.sessions(database, anna.id, now=NOW)]
    assert NOBODY == identify(database, third)
    assert signing_in.sign_in(database, login="anna", password=NEW_PASSWORD, **CLIENT, now=NOW)


@pytest.mark.parametrize("jump", [3600.0, -3600.0, -40 * DAY_S])
def test_a_clock_jump_ends_no_session(database: Database, anna: Person, jump: float) -> None:
    signed_in = sign_in(database, anna)
    session = identify(database, signed_in).session
    assert session is not None
    touch(database, session, session.seen_at + jump)
    later = identify(database, signed_in)

    assert anna == later.person
    assert later.session is not None
    assert later.session.expires_at >= session.expires_at


def test_a_restored_backup_has_no_sessions(database: Database, anna: Person, tmp_path: Path) -> None:
    signed_in = sign_in(database, anna)
    with database.write() as work:
        sessions.end_all_sessions(work)
    assert NOBODY == identify(database, signed_in)
    assert [anna] == queries.people(database)

    with Database(tmp_path / "before-accounts.db", ()).write() as work:
        sessions.end_all_sessions(work)
