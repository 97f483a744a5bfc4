"""Jobs and their queues as JSON."""

from typing import Any

import pytest
from fakes.accounts import NOW
from fakes.inboxes import run_job_of
from fakes.small_site import Site, api_routes, assert_refused, read

from appliance.community.accounts.permissions import Role
from appliance.errors import Unavailable
from appliance.infrastructure.jobs.job import Job, JobView, State
from appliance.infrastructure.jobs.queue_state import Pause, QueueState
from appliance.scripture.jobs import COMPILE, GRAPH, INDEX
from server.api.jobs import JobController, JobList, QueueController, QueueList

ROUTES = [api_routes(JobController, QueueController)]
JOBS, QUEUES = "/api/v1/jobs", "/api/v1/queues"


def job_of_server(site: Site) -> Job:
    """A queued job that no person started."""
    return site.appliance.dispatcher.create(GRAPH)


def test_a_site_without_jobs_has_an_empty_list(site: Site) -> None:
    assert JobList(jobs=[], next_before=None) == read(site.guest.get(JOBS), JobList)


def test_a_queued_job_has_a_title_and_no_progress(site: Site) -> None:
    job = job_of_server(site)

    expected = JobView(
        id=job.id,
        kind="graph",
        queue="library",
        title="Build the graph",
        state=State.QUEUED,
        progress=0.0,
        message="waiting",
        seconds_left=None,
        error=None,
        attempts=0,
        cancel_requested=False,
        started_by="",
        created_at=NOW,
        started_at=None,
        finished_at=None,
    )
    assert expected == read(site.guest.get(f"{JOBS}/{job.id}"), JobView)


def test_a_failed_job_says_what_happened_and_what_to_do(site: Site) -> None:
    run_job_of(site.appliance, "Copy", "", Unavailable("The disk is full.", remedy="Delete old files."))
    (job,) = read(site.guest.get(JOBS), JobList).jobs

    assert (State.FAILED, "The disk is full. Delete old files.") == (job.state, job.error)


def test_jobs_are_listed_in_pages_newest_first(site: Site) -> None:
    oldest, middle, newest = (site.appliance.dispatcher.create(kind) for kind in (GRAPH, INDEX, COMPILE))
    first = read(site.guest.get(JOBS, limit=2), JobList)
    last = read(site.guest.get(JOBS, limit=2, before=int(first.next_before or 0)), JobList)

    assert [newest.id, middle.id] == [job.id for job in first.jobs]
    assert ([oldest.id], None) == ([job.id for job in last.jobs], last.next_before)


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"before": 0}, {"before": "last"}])
def test_a_page_has_1_to_200_jobs(site: Site, query: dict[str, str | int]) -> None:
    assert_refused(site.guest.get(JOBS, **query), 400, next(iter(query)))


def test_the_jobs_of_a_person_are_hidden_from_other_members(site: Site) -> None:
    anna, ben = site.add_person("Anna", Role.ADMINISTRATOR), site.add_person()
    job = site.appliance.dispatcher.create(GRAPH, started_by=ben.audience)
    cleo = site.program(site.add_person("Cleo"))

    assert [[job.id], [job.id], [], []] == [
        [job.id for job in read(caller.get(JOBS), JobList).jobs]
        for caller in (site.program(ben), site.program(anna), cleo, site.guest)
    ]
    assert_refused(cleo.get(f"{JOBS}/{job.id}"), 404, f"You have no job {job.id}.")


def test_an_unknown_job_is_not_found(site: Site) -> None:
    assert_refused(site.guest.get(f"{JOBS}/7"), 404, "There is no job 7.")


def test_an_administrator_starts_a_job(site: Site) -> None:
    anna = site.add_person("Anna", Role.ADMINISTRATOR)
    job = read(site.program(anna).post(JOBS, {"kind": "download", "model": "tiny"}), JobView, 201)

    assert ("Download tiny", State.QUEUED, anna.audience) == (job.title, job.state, job.started_by)
    assert job == read(site.program(anna).get(f"{JOBS}/{job.id}"), JobView)


def test_the_same_job_is_not_queued_twice(site: Site) -> None:
    administrator = site.administrator()
    first, second = (read(administrator.post(JOBS, {"kind": "graph"}), JobView, 201) for _ in range(2))

    assert first.id == second.id


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({}, "kind"),
        ({"kind": "lamp"}, "lamp"),
        ({"kind": "compile"}, "compile"),
        ({"kind": "import"}, "location"),
        ({"kind": "import", "location": "x" * 4_097}, "4096"),
        ({"kind": "download", "model": " "}, "No model is given."),
        (None, "The request body must be a JSON object."),
    ],
)
def test_a_job_needs_a_kind_that_people_can_start_and_its_arguments(site: Site, body: Any, part: str) -> None:
    assert_refused(site.administrator().post(JOBS, body), 400, part)


def test_a_browser_cannot_import_any_file_of_the_server(site: Site) -> None:
    body = {"kind": "import", "location": "/etc/passwd"}

    assert_refused(site.administrator().post(JOBS, body), 403, "A browser can import only from")


def test_only_administrators_start_jobs_and_see_queues(site: Site) -> None:
    leader = site.leader()
    for answer in (
        leader.post(JOBS, {"kind": "graph"}),
        leader.get(QUEUES),
        leader.post(f"{QUEUES}/library/pause", {}),
        leader.post(f"{QUEUES}/library/resume"),
    ):
        assert_refused(answer, 403, "The role leader does not allow this.")
    assert_refused(site.guest.get(QUEUES), 401)


def test_people_cancel_their_own_jobs(site: Site) -> None:
    ben = site.add_person()
    job = site.appliance.dispatcher.create(GRAPH, started_by=ben.audience)
    site.clock.advance(5.0)
    cancelled = read(site.program(ben).post(f"{JOBS}/{job.id}/cancel"), JobView)

    assert (State.CANCELLED, NOW + 5.0) == (cancelled.state, cancelled.finished_at)


def test_a_member_cannot_cancel_a_job_of_the_server(site: Site) -> None:
    job = job_of_server(site)

    assert_refused(site.member().post(f"{JOBS}/{job.id}/cancel"), 403, "This job is not yours.")
    assert_refused(site.guest.post(f"{JOBS}/{job.id}/cancel"), 401)
    assert State.CANCELLED is read(site.administrator().post(f"{JOBS}/{job.id}/cancel"), JobView).state


def test_a_retry_is_a_new_job_of_the_person_who_asked_for_it(site: Site) -> None:
    anna, job = site.add_person("Anna", Role.ADMINISTRATOR), job_of_server(site)
    program = site.program(anna)
    program.post(f"{JOBS}/{job.id}/cancel")
    retried = read(program.post(f"{JOBS}/{job.id}/retry"), JobView, 201)

    assert (State.QUEUED, anna.audience, "Build the graph") == (retried.state, retried.started_by, retried.title)
    assert job.id != retried.id


def test_a_job_that_has_not_ended_cannot_be_retried(site: Site) -> None:
    job, administrator = job_of_server(site), site.administrator()

    assert_refused(administrator.post(f"{JOBS}/{job.id}/retry"), 409, f"Job {job.id} has not ended.")
    assert_refused(administrator.post(f"{JOBS}/7777/retry"), 404, "There is no job 7777.")


def test_queues_count_their_waiting_jobs(site: Site) -> None:
    job_of_server(site)
    queues = read(site.administrator().get(QUEUES), QueueList).queues

    assert [("library", 1, 0), ("ocr", 0, 0), ("media", 0, 0)] == [
        (queue.name, queue.waiting, queue.running) for queue in queues
    ]


@pytest.mark.parametrize(("minutes", "until"), [(30, NOW + 1_800), (0.5, NOW + 30), (None, None)])
def test_a_queue_is_paused_for_some_minutes_or_until_someone_resumes_it(
    site: Site, minutes: float | None, until: float | None
) -> None:
    administrator = site.administrator()
    body = {"reason": "Too loud", "minutes": minutes}
    paused = read(administrator.post(f"{QUEUES}/ocr/pause", body), QueueState)

    assert Pause(queue="ocr", paused_by="Anna", reason="Too loud", paused_at=NOW, until=until) == paused.pause
    assert paused in read(administrator.get(QUEUES), QueueList).queues
    assert read(administrator.post(f"{QUEUES}/ocr/resume"), QueueState).pause is None


def test_resuming_a_queue_that_is_not_paused_is_no_error(site: Site) -> None:
    assert read(site.administrator().post(f"{QUEUES}/media/resume"), QueueState).pause is None


@pytest.mark.parametrize(
    ("body", "part"),
    [({"minutes": 0}, "minutes"), ({"minutes": 43_201}, "minutes"), ({"reason": "a" * 201}, "reason"), ([], "object")],
)
def test_a_pause_lasts_at_most_30_days_and_has_a_short_reason(site: Site, body: Any, part: str) -> None:
    assert_refused(site.administrator().post(f"{QUEUES}/library/pause", body), 400, part)


@pytest.mark.parametrize("action", ["pause", "resume"])
def test_an_unknown_queue_is_not_found(site: Site, action: str) -> None:
    answer = site.administrator().post(f"{QUEUES}/lamps/{action}", {})

    assert_refused(answer, 404, "There is no queue 'lamps'. The queues are library, ocr, media.")
