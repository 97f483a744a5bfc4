"""The current program opens a data folder of an earlier version and keeps all its data.

`tests/data/make_old_folder.py` created the folder.
"""

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fakes.old_folder import CREDENTIALS, by_token, copy_of_folder, get
from fakes.serving import LAMPSTAND, Served, free_port, serving

from appliance.infrastructure.certificates import describe
from appliance.infrastructure.settings import load_settings
from server.bootstrap import open_appliance

LANTERN, FOG = CREDENTIALS["messages"]
WAIT_S = 60


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of the old data folder for one test."""
    return copy_of_folder(tmp_path)


@pytest.fixture(scope="module")
def without_models() -> dict[str, str]:
    """Settings for a process that must not use a model: nothing listens at the address of the model runtime."""
    return {"LAMPSTAND_MODELS_ADDRESS": f"http://127.0.0.1:{free_port()}"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, without_models: dict[str, str]) -> Iterator[Served]:
    """The current web server on a copy of the old data folder."""
    with serving(copy_of_folder(tmp_path_factory.mktemp("old")), environment=without_models) as served:
        yield served


@pytest.fixture(scope="module")
def signed_in(running: Served) -> Callable[[str], httpx.Client]:
    """Return a function that opens a browser in which a person is signed in with their old password."""
    browsers: dict[str, httpx.Client] = {}

    def browser(login: str) -> httpx.Client:
        if login not in browsers:
            browsers[login] = http = httpx.Client(base_url=f"{running.url}/api/v1/", timeout=60, trust_env=False)
            answer = http.post("session", json={"name": login, "password": CREDENTIALS["passwords"][login]})
            http.headers["X-CSRF-Token"] = answer.raise_for_status().json()["csrf_token"]
        return browsers[login]

    return browser


@pytest.mark.parametrize(
    ("login", "name", "role"),
    [
        ("Anna Amsel", "Anna Amsel", "administrator"),
        ("ben", "Ben Berg", "leader"),
        ("clara", "Clara Clay", "member"),
    ],
)
def test_people_sign_in_with_their_passwords(
    signed_in: Callable[[str], httpx.Client], login: str, name: str, role: str
) -> None:
    me = get(signed_in(login), "session")

    assert (name, role) == (me["person"]["name"], me["role"])


def test_another_password_is_refused(running: Served) -> None:
    answer = running.guest.post("/api/v1/session", json={"name": "clara", "password": "eleven blue harbours wait"})

    assert 401 == answer.status_code


def test_all_people_are_kept(signed_in: Callable[[str], httpx.Client]) -> None:
    people = get(signed_in("Anna Amsel"), "people")["people"]
    old_people = {person["name"]: (person["role"], person["login"]) for person in people if person["id"] <= 4}

    assert {
        "Anna Amsel": ("administrator", "anna amsel"),
        "Ben Berg": ("leader", "ben"),
        "Clara Clay": ("member", "clara"),
        "Dora Dean": ("member", None),
    } == old_people


def test_a_session_stays_valid(running: Served) -> None:
    cookies = {"lampstand": CREDENTIALS["cookies"]["dora"]}
    with httpx.Client(base_url=f"{running.url}/api/v1/", cookies=cookies, trust_env=False) as browser:
        assert "Dora Dean" == get(browser, "session")["person"]["name"]


def test_an_open_class_code_works_and_a_closed_one_does_not(
    running: Served, signed_in: Callable[[str], httpx.Client]
) -> None:
    with httpx.Client(base_url=f"{running.url}/api/v1/", trust_env=False) as phone:
        closed = phone.post("join", json={"code": CREDENTIALS["closed_class_code"], "name": "Emil Eder"})
        joined = phone.post("join", json={"code": CREDENTIALS["class_code"], "name": "Emil Eder"})
    classes = get(signed_in("ben"), "classes")["classes"]

    assert 400 <= closed.status_code < 500
    assert (201, "member") == (joined.status_code, joined.json()["role"])
    assert [("Last summer", 0), ("Sunday evening", 2)] == [
        (school_class["name"], school_class["joined"]) for school_class in classes
    ]


def test_tokens_work_within_their_scopes(running: Served) -> None:
    with by_token(running, "anna") as terminal, by_token(running, "clara") as notebook:
        assert "Anna Amsel" in [person["name"] for person in get(terminal, "people")["people"]]
        assert "clara" == get(notebook, "session")["person"]["login"]
        assert LANTERN == get(notebook, f"messages/{LANTERN}")["id"]
        assert 403 == notebook.get("people").status_code
        assert 403 == notebook.get("notifications").status_code


def test_a_person_reads_their_own_answers_with_their_sources(
    running: Served, signed_in: Callable[[str], httpx.Client]
) -> None:
    clara = signed_in("clara")
    lantern, fog = get(clara, f"messages/{LANTERN}"), get(clara, f"messages/{FOG}")

    assert ("What helps when the fog is thick?", "Lantern", "done", "extractive") == (
        fog["question"],
        fog["translation"],
        fog["state"],
        fog["made_by"],
    )
    assert "> Count the jars again, so that the work of the summer is not wasted. If the fog is thick" in fog["text"]
    assert [("2 John 1:8–10", "2John.1.8-2John.1.10", 63_001_008)] == [
        (source["reference"], source["osis"], source["start"]) for source in fog["sources"]
    ]
    assert "Where is the lantern carried every evening?" == lantern["question"]
    assert ["2 John 1:1–3", "2 John 1:10–12"] == [source["reference"] for source in lantern["sources"]]
    assert "Every evening one lantern is carried" in lantern["sources"][0]["text"]
    assert 404 == signed_in("ben").get(f"messages/{FOG}").status_code
    assert 401 == running.guest.get(f"/api/v1/messages/{FOG}").status_code


def test_the_stream_of_an_answer_is_replayed(signed_in: Callable[[str], httpx.Client]) -> None:
    stream = signed_in("clara").get(f"messages/{FOG}/stream", headers={"Last-Event-ID": "2"}).text

    assert ["token", "done"] == [line[7:] for line in stream.splitlines() if line.startswith("event: ")]


def test_jobs_keep_their_states(signed_in: Callable[[str], httpx.Client]) -> None:
    anna = signed_in("Anna Amsel")
    jobs = [job for job in get(anna, "jobs")["jobs"] if job["id"] <= 6]
    failed = get(anna, "jobs/4")

    assert [
        (6, "backup", "queued"),
        (5, "index", "cancelled"),
        (4, "import", "failed"),
        (3, "import", "done"),
        (2, "import", "done"),
        (1, "import", "done"),
    ] == [(job["id"], job["kind"], job["state"]) for job in jobs]
    assert ["Lantern: 13 imported", "Import lantern.xml"] == [jobs[-1]["message"], jobs[-1]["title"]]
    assert "2John.1.1: the verse occurs twice" in failed["error"]


def test_a_paused_queue_stays_paused(signed_in: Callable[[str], httpx.Client]) -> None:
    pauses = {queue["name"]: queue["pause"] for queue in get(signed_in("Anna Amsel"), "queues")["queues"]}

    assert pauses["library"] is None
    assert ("Anna Amsel", "Nobody films in winter.") == (pauses["media"]["paused_by"], pauses["media"]["reason"])


def test_settings_apply(running: Served) -> None:
    settings = load_settings(running.home)
    with by_token(running, "clara") as notebook:
        passage = get(notebook, "passages", ref="2 John 1:11")

    assert ("Lantern", 3, 400.0, 2, "warning", "ntfy") == (
        settings.default_translation,
        settings.keep_backups,
        settings.keep_events_days,
        settings.library_jobs,
        settings.log_level,
        settings.notification_services,
    )
    assert {"Lantern": "A cold kitchen makes every story shorter."} == passage["verses"][0]["texts"]


def test_site_settings_and_inboxes_are_kept(running: Served, signed_in: Callable[[str], httpx.Client]) -> None:
    inbox = get(signed_in("clara"), "notifications")
    addresses = get(signed_in("clara"), "notifications/addresses")

    assert 401 == running.guest.get("/api/v1/passages", params={"ref": "2 John 1:1"}).status_code
    assert [("announcement", "Ben Berg", "Bring a lamp on Sunday.", None)] == [
        (notification["kind"], notification["title"], notification["text"], notification["read_at"])
        for notification in inbox["notifications"]
    ]
    assert (False, ["ntfy"], ["ntfy://ntfy.invalid …"]) == (
        addresses["allowed"],
        addresses["services"],
        [address["masked"] for address in addresses["addresses"]],
    )


def test_a_preference_is_kept(running: Served) -> None:
    cookies = {"lampstand": CREDENTIALS["cookies"]["dora"]}
    with httpx.Client(base_url=f"{running.url}/api/v1/", cookies=cookies, trust_env=False) as browser:
        preferences = {
            preference["kind"]: preference for preference in get(browser, "notifications/preferences")["preferences"]
        }

    assert {"kind": "job-done", "inbox": False, "outside": False} == preferences["job-done"]
    assert preferences["job-failed"]["inbox"]


def test_both_databases_pass_the_integrity_check_after_opening(home: Path) -> None:
    appliance = open_appliance(home)
    findings = [database.integrity() for database in (appliance.appliance_db, appliance.library)]
    appliance.close()

    assert ["ok", "ok"] == findings


def test_the_event_log_keeps_its_ids(home: Path) -> None:
    appliance = open_appliance(home)
    first, *_, last = appliance.events.after(27)
    appliance.close()

    assert (28, "announcement", "Bring a lamp on Sunday.") == (
        first.id,
        first.kind,
        json.loads(bytes(first.payload))["text"],
    )
    assert (35, "queue.paused") == (last.id, last.kind)


def test_the_translation_can_be_read_and_searched(running: Served) -> None:
    with by_token(running, "clara") as notebook:
        (text,) = get(notebook, "translations")["translations"]
        chapter = get(notebook, "chapters/Lantern/2John/1")
        pier, *_, boat = get(notebook, "passages", ref="2 John 1:2-6")["verses"]
        hits = get(notebook, "search", q="stranger soup", mode="keyword")["hits"]

    assert ("Lantern", "The Lantern Text", "en", "Public Domain", 13) == (
        text["id"],
        text["name"],
        text["language"],
        text["licence"],
        text["verses"],
    )
    assert list(range(1, 14)) == [verse["verse"] for verse in chapter["verses"]]
    assert "A boat came home late on Tuesday, and the crew followed the small light in." == boat["texts"]["Lantern"]
    assert "the only light" in boat["notes"]["Lantern"][0]["text"]
    assert ["2John.1.10"] == [hit["osis"] for hit in hits]
    assert [["G5001"]] == [word["strongs"] for word in pier["words"]["Lantern"] if word["text"] == "lantern"]


def test_dictionaries_and_links_are_kept(running: Served) -> None:
    with by_token(running, "clara") as notebook:
        topics = {topic["headword"]: topic for topic in get(notebook, "topics")["topics"]}
        light, fog = (get(notebook, f"topics/{topics[name]['id']}") for name in ("LIGHT", "FOG"))
        citing = get(notebook, "topics/citing", ref="2 John 1:6")["topics"]
        entry = get(notebook, "lexicon/G5001")

    assert [("On the pier", "2John.1.2"), ("On the pier", "2John.1.6")] == [
        (citation["heading"], citation["osis"]) for citation in light["cites"]
    ]
    assert [{"headword": "LIGHT", "id": topics["LIGHT"]["id"]}] == fog["see_also"]
    assert ["LIGHT"] == [topic["topic"] for topic in citing]
    assert ("λυχνίδιον", "lychnidion", "a small lantern with a handle") == (
        entry["lemma"],
        entry["transliteration"],
        entry["definition"],
    )


def test_the_command_line_lists_the_library(
    home: Path, lampstand: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    listed = json.loads(lampstand("library", "list", "--json", home=home).stdout)

    assert [("HarbourGreek", 1), ("HarbourTopics", 2)] == [
        (item["id"], item["entries"]) for item in listed["dictionaries"]
    ]
    assert [("CrossReferences", 2)] == [(item["id"], item["entries"]) for item in listed["datasets"]]


def test_a_queued_backup_runs_and_restores_all_people(
    home: Path, without_models: dict[str, str], lampstand: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    with working(home, without_models):
        wait_for_backup(home)
    for path in home.glob("appliance.db*"):
        path.unlink()
    restored = lampstand("restore", home=home)
    people = json.loads(lampstand("users", "list", "--json", home=home).stdout)["people"]

    assert 0 == restored.returncode, restored.stderr
    assert ["Anna Amsel", "Ben Berg", "Clara Clay", "Dora Dean"] == [person["name"] for person in people]


@contextlib.contextmanager
def working(home: Path, environment: dict[str, str]) -> Iterator[None]:
    """Run the worker of the library queue, in the current version, until the block ends."""
    command = [LAMPSTAND, "--home", str(home), "worker", "library"]
    worker = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(timeout=WAIT_S)


def wait_for_backup(home: Path) -> None:
    """Wait until the queued backup job is done."""
    appliance = open_appliance(home)
    deadline = time.monotonic() + WAIT_S
    while (job := appliance.jobs.get(6)).active:
        assert time.monotonic() < deadline, job
        time.sleep(0.1)  # another process runs the job, and sends no event
    appliance.close()
    assert "done" == job.state, job


def test_the_trusted_certificate_authority_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The host name of the old certificate. With another name, another authority would be created.
    monkeypatch.setattr("platform.node", lambda: "lamp")
    before = describe(home / "tls" / "authority.crt").fingerprint
    appliance = open_appliance(home, host="127.0.0.1")
    served = appliance.certificate.served()
    appliance.close()

    assert served.authority is not None
    assert before == describe(served.authority).fingerprint
    assert ("127.0.0.1", "lamp", "lamp.local", "localhost") == describe(served.certificate).names
