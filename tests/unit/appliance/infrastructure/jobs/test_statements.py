"""The SQL of jobs, without the ledger: what each statement changes, and in which state of a job it changes nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from appliance.infrastructure.connections import Synchronous
from appliance.infrastructure.database import Database
from appliance.infrastructure.jobs import statements as sql
from appliance.infrastructure.jobs.job import Job, State
from appliance.infrastructure.jobs.migrations import m001_jobs, m004_shared_queues

NOW = 1_000_000.0
OWNER, OTHER = "host/boot/1/0.00", "host/boot/2/0.00"
ALL_KINDS = '["index", "import"]'


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """The tables of jobs and pauses alone."""
    opened = Database(tmp_path / "jobs.db", [m001_jobs, m004_shared_queues], synchronous=Synchronous.NORMAL)
    opened.migrate()
    yield opened
    opened.close()


def change(database: Database, statement: str, parameters: dict[str, Any] | tuple[Any, ...]) -> int:
    """Run a statement and return the number of changed rows."""
    with database.write() as work:
        work.execute(statement, parameters)
        return work.changes


def create(database: Database, **fields: Any) -> int:
    """Create a queued job and return its id."""
    row = {
        "kind": "index",
        "queue": "library",
        "arguments": "{}",
        "title": "Index",
        "short": False,
        "priority": 0,
        "started_by": "",
        "audience": "everyone",
        "now": NOW,
    }
    with database.write() as work:
        work.execute(sql.INSERT, row | fields)
        return work.last_insert_id


def claim(database: Database, job_id: int, owner: str = OWNER, now: float = NOW) -> int:
    return change(
        database, sql.CLAIM, {"id": job_id, "owner": owner, "lease": now + 60, "now": now, "latest": now + 300}
    )


def running(database: Database, **fields: Any) -> int:
    """Create a job that OWNER runs, with these values in its columns."""
    job_id = create(database)
    claim(database, job_id)
    set_columns(database, job_id, **fields)
    return job_id


def set_columns(database: Database, job_id: int, **fields: Any) -> None:
    for name, value in fields.items():
        change(database, f"UPDATE jobs SET {name} = ? WHERE id = ?", (value, job_id))


def job(database: Database, job_id: int) -> Job:
    row = database.reader.row(sql.SELECT_ONE, (job_id,))
    assert row is not None
    return sql.job_of(row)


def choose(database: Database, *, kinds: str = ALL_KINDS, short_only: bool = False, now: float = NOW) -> int | None:
    """The id of the next job of the library queue."""
    choice = {"queue": "library", "kinds": kinds, "short_only": short_only, "now": now, "latest": now + 300}
    row = database.reader.row(sql.CHOOSE, choice)
    return row[0] if row else None


def test_each_column_of_a_row_is_the_field_of_the_same_name(database: Database) -> None:
    expected = Job(
        id=create(database),
        kind="import",
        queue="models",
        arguments={"file": "a.xml", "numbers": [1, 2]},
        title="Import",
        state=State.FAILED,
        short=True,
        priority=3,
        started_by="person:1",
        audience="person:1 overseers",
        owner=OWNER,
        lease_until=1.5,
        progress=0.25,
        start_progress=0.125,
        best_progress=0.5,
        message="reading",
        attempts=4,
        failures=5,
        deaths=6,
        retry_at=7.5,
        cancel_requested=True,
        error_class="Refused",
        error="The file is empty.",
        created_at=8.5,
        started_at=9.5,
        finished_at=10.5,
    )
    values = msgspec.structs.asdict(expected)
    values["arguments"] = msgspec.json.encode(expected.arguments).decode()
    set_columns(database, expected.id, **values)

    stored = job(database, expected.id)
    assert expected == stored
    assert {bool} == {type(stored.short), type(stored.cancel_requested)}


def test_a_new_job_is_queued_and_has_not_started(database: Database) -> None:
    new = job(database, create(database, arguments='{"label":"a"}', started_by="person:1"))

    assert (State.QUEUED, {"label": "a"}, "person:1") == (new.state, new.arguments, new.started_by)
    assert (0, 0, 0, 0) == (new.progress, new.attempts, new.failures, new.deaths)
    assert [None] * 4 == [new.owner, new.lease_until, new.started_at, new.finished_at]
    assert (False, False) == (new.short, new.cancel_requested)


def test_a_state_that_does_not_exist_is_not_stored(database: Database) -> None:
    with pytest.raises(apsw.ConstraintError):
        set_columns(database, create(database), state="paused")


def test_ids_are_never_used_again(database: Database) -> None:
    first = create(database)
    set_columns(database, first, finished_at=NOW)
    assert 1 == change(database, sql.FORGET, (NOW + 1,))

    assert create(database) > first


def test_only_one_owner_claims_a_job(database: Database) -> None:
    job_id = create(database)

    assert [1, 0] == [claim(database, job_id, owner) for owner in (OWNER, OTHER)]
    claimed = job(database, job_id)
    assert (State.RUNNING, OWNER, NOW + 60, NOW, 1) == (
        claimed.state,
        claimed.owner,
        claimed.lease_until,
        claimed.started_at,
        claimed.attempts,
    )


def test_a_claim_keeps_the_progress_and_forgets_the_last_error(database: Database) -> None:
    job_id = create(database)
    set_columns(database, job_id, progress=0.5, error="The disk is full.", error_class="DiskFull", retry_at=NOW)
    claim(database, job_id)
    claimed = job(database, job_id)

    assert (0.5, 0.5) == (claimed.progress, claimed.start_progress)
    assert [None] * 3 == [claimed.error, claimed.error_class, claimed.retry_at]


@pytest.mark.parametrize(("retry_at", "claims"), [(None, 1), (NOW, 1), (NOW + 1, 0), (NOW + 300, 0), (NOW + 301, 1)])
def test_a_job_is_not_claimed_before_its_retry_unless_the_time_is_implausible(
    database: Database, retry_at: float | None, claims: int
) -> None:
    """A retry later than the longest delay was planned while the clock was ahead."""
    job_id = create(database)
    set_columns(database, job_id, retry_at=retry_at)

    assert claims == len([chosen for chosen in [choose(database)] if chosen])
    assert claims == claim(database, job_id)


def test_only_the_owner_reports_progress_and_renews_the_lease(database: Database) -> None:
    job_id = running(database)
    report = {"id": job_id, "progress": 0.5, "message": "half", "lease": NOW + 90}

    assert 0 == change(database, sql.REPORT, report | {"owner": OTHER})
    assert 0 == change(database, sql.RENEW, (NOW + 90, job_id, OTHER))
    assert (0, NOW + 60) == (job(database, job_id).progress, job(database, job_id).lease_until)
    assert 1 == change(database, sql.REPORT, report | {"owner": OWNER})
    assert 1 == change(database, sql.RENEW, (NOW + 95, job_id, OWNER))
    reported = job(database, job_id)
    assert (0.5, "half", NOW + 95) == (reported.progress, reported.message, reported.lease_until)


def test_a_run_that_begins_again_with_less_progress_starts_its_estimate_there(database: Database) -> None:
    job_id = running(database, progress=0.5, start_progress=0.5)
    report = {"id": job_id, "owner": OWNER, "message": "", "lease": NOW + 60}

    for progress in (0.25, 0.75):
        change(database, sql.REPORT, report | {"progress": progress})
        assert 0.25 == job(database, job_id).start_progress


@pytest.mark.parametrize(("state", "progress"), [(State.DONE, 1.0), (State.FAILED, 0.5), (State.CANCELLED, 0.5)])
def test_only_a_job_that_is_done_has_all_its_progress(database: Database, state: State, progress: float) -> None:
    job_id = running(database, progress=0.5)
    end = {"id": job_id, "state": state.value, "message": "end", "error_class": None, "error": None, "now": NOW + 5}

    assert [0, 1, 0] == [change(database, sql.FINISH, end | {"owner": owner}) for owner in (OTHER, OWNER, OWNER)]
    ended = job(database, job_id)
    assert (state, progress, "end", NOW + 5) == (ended.state, ended.progress, ended.message, ended.finished_at)
    assert (None, None) == (ended.owner, ended.lease_until)


def test_a_retry_requeues_a_job_and_counts_its_failure(database: Database) -> None:
    job_id = running(database)
    retry = {"id": job_id, "owner": OWNER, "retry_at": NOW + 5, "message": "Retrying.", "now": NOW}

    assert [0, 1] == [change(database, sql.RETRY, retry | {"owner": owner}) for owner in (OTHER, OWNER)]
    queued = job(database, job_id)
    assert (State.QUEUED, 1, NOW + 5, "Retrying.") == (queued.state, queued.failures, queued.retry_at, queued.message)
    assert (None, None, None) == (queued.owner, queued.lease_until, queued.finished_at)


@pytest.mark.parametrize("statement", [sql.RETRY, sql.RELEASE])
def test_a_job_that_a_user_cancelled_ends_instead_of_a_retry(database: Database, statement: str) -> None:
    job_id = running(database, cancel_requested=1)
    change(
        database,
        statement,
        {"id": job_id, "owner": OWNER, "retry_at": NOW + 5, "now": NOW}
        | ({"message": "Retrying."} if statement is sql.RETRY else {}),
    )
    cancelled = job(database, job_id)

    assert (State.CANCELLED, "cancelled", NOW) == (cancelled.state, cancelled.message, cancelled.finished_at)


@pytest.mark.parametrize(
    ("progress", "best_progress", "deaths", "best_then"),
    [(0.0, 0.0, 4, 0.0), (0.25, 0.5, 4, 0.5), (0.5, 0.5, 4, 0.5), (0.75, 0.5, 1, 0.75)],
)
def test_the_count_of_deaths_begins_again_only_after_more_progress_than_ever(
    database: Database, progress: float, best_progress: float, deaths: int, best_then: float
) -> None:
    job_id = running(database, progress=progress, best_progress=best_progress, deaths=3)
    change(database, sql.RELEASE, {"id": job_id, "owner": OWNER, "retry_at": NOW + 2, "now": NOW})
    released = job(database, job_id)

    assert (State.QUEUED, deaths, best_then) == (released.state, released.deaths, released.best_progress)
    assert (None, "waiting to continue", NOW + 2) == (released.owner, released.message, released.retry_at)


def test_a_run_stops_after_a_cancellation_or_when_another_process_has_the_job(database: Database) -> None:
    job_id = running(database)
    assert [0, 1] == [database.reader.value(sql.SHOULD_STOP, (owner, job_id)) for owner in (OWNER, OTHER)]

    change(database, sql.REQUEST_CANCEL, (job_id,))
    assert 1 == database.reader.value(sql.SHOULD_STOP, (OWNER, job_id))


def test_a_queued_job_is_cancelled_and_a_running_one_is_asked_to_stop(database: Database) -> None:
    queued, active = create(database), running(database)

    assert [1, 0] == [change(database, sql.CANCEL_QUEUED, (NOW, job_id)) for job_id in (queued, active)]
    assert [0, 1] == [change(database, sql.REQUEST_CANCEL, (job_id,)) for job_id in (queued, active)]
    assert (State.CANCELLED, NOW) == (job(database, queued).state, job(database, queued).finished_at)
    assert (State.RUNNING, True) == (job(database, active).state, job(database, active).cancel_requested)


def test_the_job_with_the_highest_priority_then_the_oldest_is_next(database: Database) -> None:
    first, urgent, second = create(database), create(database, priority=1), create(database)

    order = []
    while (chosen := choose(database)) is not None:
        order.append(chosen)
        change(database, sql.CANCEL_QUEUED, (NOW, chosen))
    assert [urgent, first, second] == order


def test_a_person_with_fewer_running_jobs_is_next_then_the_person_who_waited_longest(database: Database) -> None:
    waiting = {person: create(database, started_by=person) for person in ("anna", "ben", "carla")}
    for person, started_at in (("anna", NOW - 10), ("ben", NOW - 20), ("carla", NOW - 30)):
        job_id = create(database, started_by=person)
        set_columns(database, job_id, state="running" if person == "carla" else "done", started_at=started_at)

    order = []
    while (chosen := choose(database)) is not None:
        order.append(chosen)
        change(database, sql.CANCEL_QUEUED, (NOW, chosen))
    assert [waiting["ben"], waiting["anna"], waiting["carla"]] == order


def test_jobs_of_other_queues_other_kinds_and_long_jobs_are_not_chosen(database: Database) -> None:
    create(database, queue="models")
    create(database, kind="command")
    long = create(database)
    short = create(database, short=True)

    assert (long, short) == (choose(database), choose(database, short_only=True))
    assert choose(database, kinds='["other"]') is None


def test_a_paused_queue_has_no_next_job_until_the_pause_ends_or_is_removed(database: Database) -> None:
    job_id = create(database)
    pause = {"queue": "library", "paused_by": "Anna", "reason": "The sermon is on.", "now": NOW}
    change(database, sql.PAUSE, pause | {"until": NOW + 60})
    assert [None, job_id] == [choose(database, now=now) for now in (NOW + 59, NOW + 60)]
    assert [] == database.reader.rows(sql.SELECT_PAUSES, {"now": NOW + 60})

    change(database, sql.PAUSE, pause | {"until": None, "paused_by": "Ben"})
    assert choose(database, now=NOW + 1e9) is None
    assert [("library", "Ben", "The sermon is on.", NOW, None)] == database.reader.rows(
        sql.SELECT_PAUSES, {"now": NOW + 1e9}
    )

    change(database, sql.RESUME, ("library",))
    assert job_id == choose(database)


def test_the_same_job_is_found_while_it_is_active_and_not_being_cancelled(database: Database) -> None:
    job_id = create(database, arguments='{"label":"a"}')

    def same(arguments: str) -> list[int]:
        return [row[0] for row in database.reader.rows(sql.SELECT_SAME, ("index", arguments))]

    assert ([job_id], []) == (same('{"label":"a"}'), same('{"label":"b"}'))
    claim(database, job_id)
    assert [job_id] == same('{"label":"a"}')
    change(database, sql.REQUEST_CANCEL, (job_id,))
    assert [] == same('{"label":"a"}')


def test_jobs_are_listed_from_the_newest_and_active_ones_from_the_oldest(database: Database) -> None:
    first, second, third = (create(database) for _ in range(3))
    change(database, sql.CANCEL_QUEUED, (NOW, second))

    assert [third, second] == [row[0] for row in database.reader.rows(sql.SELECT_LATEST, (third + 1, 2))]
    assert [first] == [row[0] for row in database.reader.rows(sql.SELECT_LATEST, (second, 2))]
    assert [first, third] == [row[0] for row in database.reader.rows(sql.SELECT_ACTIVE)]


def test_the_last_job_of_a_kind_is_the_newest_one_created_until_a_time(database: Database) -> None:
    first, second, _other = (
        create(database, now=NOW),
        create(database, now=NOW + 10),
        create(database, kind="import", now=NOW + 20),
    )
    ids = [database.reader.value(sql.SELECT_LAST_OF_KIND, ("index", NOW + wait)) for wait in (-1, 0, 9, 10, 99)]

    assert [None, first, first, second, second] == ids


def test_only_jobs_that_ended_before_a_time_are_deleted(database: Database) -> None:
    old, new, active = create(database), create(database), running(database)
    change(database, sql.CANCEL_QUEUED, (NOW - 1, old))
    change(database, sql.CANCEL_QUEUED, (NOW, new))

    assert 1 == change(database, sql.FORGET, (NOW,))
    assert [active, new] == [row[0] for row in database.reader.rows(sql.SELECT_LATEST, (99, 9))]


def test_active_jobs_are_counted_by_queue_and_state(database: Database) -> None:
    create(database, queue="models")
    create(database)
    create(database)
    running(database)
    change(database, sql.CANCEL_QUEUED, (NOW, create(database)))

    counts = {(queue, state): count for queue, state, count in database.reader.rows(sql.COUNT_BY_QUEUE)}
    assert {("library", "queued"): 2, ("library", "running"): 1, ("models", "queued"): 1} == counts
