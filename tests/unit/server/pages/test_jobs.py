"""The page of background jobs and its forms."""

import pytest
from fakes.accounts import NOW, remove
from fakes.html_page import Page, assert_redirected
from fakes.inboxes import run_job_of
from fakes.small_site import Caller, Site

from appliance.community.accounts.permissions import Role
from appliance.errors import Unavailable
from appliance.infrastructure.jobs.job import Job, State
from appliance.infrastructure.jobs.queue_state import Pause
from appliance.scripture.jobs import GRAPH, INDEX
from server.pages.jobs import JobPagesController

ROUTES = [JobPagesController]


def administrator(site: Site) -> Caller:
    return site.browser(site.add_person("Anna", Role.ADMINISTRATOR))


def jobs(caller: Caller) -> Page:
    return Page(caller.open("/jobs"))


def latest(site: Site) -> Job:
    (job, *_older) = site.appliance.jobs.latest()
    return job


def pause_of(site: Site, queue: str) -> Pause | None:
    return next(state.pause for state in site.appliance.queues.states() if state.name == queue)


def test_a_site_without_jobs_says_so(site: Site) -> None:
    assert "No background jobs yet." in jobs(site.guest).text


def test_a_guest_sees_a_job_of_the_server_without_buttons(site: Site) -> None:
    job = site.appliance.dispatcher.create(GRAPH)
    page = jobs(site.guest)

    assert "Build the graph queued" in page.text
    assert f"/jobs/{job.id}/cancel" not in page.forms
    assert ["Jobs"] == page.sections


def test_a_person_can_cancel_their_own_job(site: Site) -> None:
    ben = site.add_person()
    job = site.appliance.dispatcher.create(GRAPH, started_by=ben.audience)
    browser = site.browser(ben)

    assert "queued · Ben" in jobs(browser).text
    assert f"/jobs/{job.id}/cancel" in jobs(browser).forms
    assert_redirected(browser.submit(f"/jobs/{job.id}/cancel"), "/jobs")
    assert State.CANCELLED is latest(site).state
    assert f"/jobs/{job.id}/retry" in jobs(browser).forms


def test_a_failed_job_shows_its_error(site: Site) -> None:
    run_job_of(site.appliance, "Copy", "", Unavailable("The disk is full.", remedy="Delete old files."))
    page = jobs(site.guest)

    assert "Copy failed" in page.text
    assert "The disk is full. Delete old files." in page.text


def test_a_job_of_a_removed_person_has_no_name(site: Site) -> None:
    ben, browser = site.add_person(), administrator(site)
    site.appliance.dispatcher.create(GRAPH, started_by=ben.audience)
    remove(site.database, ben)

    assert "a removed person" in jobs(browser).text


def test_the_jobs_of_other_people_are_hidden(site: Site) -> None:
    ben, cleo = site.add_person(), site.add_person("Cleo")
    job = site.appliance.dispatcher.create(GRAPH, started_by=ben.audience)

    assert "No background jobs yet." in jobs(site.browser(cleo)).text
    assert f"You have no job {job.id}." in Page(site.browser(cleo).submit(f"/jobs/{job.id}/cancel"), 404).text


def test_members_cannot_cancel_jobs_of_the_server(site: Site) -> None:
    job = site.appliance.dispatcher.create(GRAPH)
    browser = site.browser(site.add_person())

    assert "This job is not yours." in Page(browser.submit(f"/jobs/{job.id}/cancel"), 403).text
    assert State.QUEUED is latest(site).state


def test_administrators_see_queues_and_the_jobs_that_they_can_start(site: Site) -> None:
    site.appliance.dispatcher.create(GRAPH)
    page = jobs(administrator(site))

    assert ["Job queues", "Start a job", "Jobs"] == page.sections
    assert "library 0 running, 1 waiting" in page.text
    assert {"index", "graph", "backup", "download"} == set(page.values("kind"))


def test_an_administrator_starts_a_job(site: Site) -> None:
    assert_redirected(administrator(site).submit("/jobs", kind="download", model="tiny"), "/jobs")
    assert "Download tiny" == latest(site).title


@pytest.mark.parametrize(
    ("form", "status", "part"),
    [
        ({"kind": "download", "model": ""}, 400, "No model is given."),
        ({"kind": "compile"}, 400, "compile"),
        ({"kind": "import", "location": "/etc/passwd"}, 403, "A browser can import only from"),
    ],
)
def test_a_refused_job_is_an_error_page(site: Site, form: dict[str, str], status: int, part: str) -> None:
    assert part in Page(administrator(site).submit("/jobs", **form), status).text
    assert [] == site.appliance.jobs.latest()


def test_a_retry_starts_the_job_again(site: Site) -> None:
    job, browser = site.appliance.dispatcher.create(INDEX), administrator(site)
    browser.submit(f"/jobs/{job.id}/cancel")

    assert_redirected(browser.submit(f"/jobs/{job.id}/retry"), "/jobs")
    assert (State.QUEUED, "index") == (latest(site).state, latest(site).kind)
    assert job.id != latest(site).id


def test_a_running_job_cannot_be_retried(site: Site) -> None:
    job = site.appliance.dispatcher.create(GRAPH)

    assert f"Job {job.id} has not ended." in Page(administrator(site).submit(f"/jobs/{job.id}/retry"), 409).text


def test_a_paused_queue_can_be_resumed(site: Site) -> None:
    browser = administrator(site)
    assert_redirected(browser.submit("/jobs/queues/ocr/pause", reason="Too loud", minutes="30"), "/jobs")
    pause, page = pause_of(site, "ocr"), jobs(browser)

    assert Pause(queue="ocr", paused_by="Anna", reason="Too loud", paused_at=NOW, until=NOW + 1_800) == pause
    assert "Paused by Anna until" in page.text
    assert {"/jobs/queues/ocr/resume", "/jobs/queues/media/pause"} <= page.forms
    assert_redirected(browser.submit("/jobs/queues/ocr/resume"), "/jobs")
    assert pause_of(site, "ocr") is None


@pytest.mark.parametrize("minutes", ["", "0", "soon", "-5"])
def test_a_pause_without_minutes_has_no_end(site: Site, minutes: str) -> None:
    browser = administrator(site)
    browser.submit("/jobs/queues/ocr/pause", reason="a" * 300, minutes=minutes)
    pause = pause_of(site, "ocr")

    assert pause is not None
    assert ("a" * 200, None) == (pause.reason, pause.until)
    assert "Paused by Anna until someone resumes it" in jobs(browser).text


def test_a_pause_has_an_end_within_30_days(site: Site) -> None:
    response = administrator(site).submit("/jobs/queues/ocr/pause", minutes="9" * 12)

    assert "A queue can be paused for at most 30 days." in Page(response, 400).text


@pytest.mark.parametrize("action", ["pause", "resume"])
def test_an_unknown_queue_is_an_error_page(site: Site, action: str) -> None:
    response = administrator(site).submit(f"/jobs/queues/lamps/{action}")

    assert "There is no queue 'lamps'." in Page(response, 404).text


@pytest.mark.parametrize("path", ["/jobs", "/jobs/queues/ocr/pause", "/jobs/queues/ocr/resume"])
def test_leaders_cannot_start_jobs_or_pause_queues(site: Site, path: str) -> None:
    leader = site.browser(site.add_person("Lea", Role.LEADER))

    assert "The role leader does not allow this." in Page(leader.submit(path, kind="graph"), 403).text
