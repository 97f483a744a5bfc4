"""Make the data folder of an earlier version that `tests/integration/test_old_data_folder.py` opens.

    python tests/data/make_old_folder.py

runs the program of COMMIT, through its commands and its HTTP API, and writes two things beside this file:
`folder-COMMIT/` is the data folder. `folder-COMMIT.json` has the passwords, tokens and codes, which the folder stores as
hashes only.

All of these, and the keys in `tls/`, are public: they are for tests only. The texts in the folder are invented.

Run it with the Python of the development environment: that version has the same dependencies. A new folder has other
tokens and codes, and the test works with it too.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import httpx
import invented_texts

sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes.serving import free_port

COMMIT = "48d71bd"
HERE = Path(__file__).parent
FOLDER = HERE / f"folder-{COMMIT}"
CREDENTIALS = FOLDER.with_suffix(".json")
WAIT_S = 60
CLASS_HOURS = 24 * 120
# Certificates and leases contain the name of the machine. The folder is public, so it gets an invented name.
MACHINE_NAME = "import platform\nplatform.node = lambda: 'lamp'\n"
SETTINGS = """\
default_translation = "Lantern"
keep_backups = 3
keep_events_days = 400
library_jobs = 2
log_level = "warning"
notification_services = "ntfy"
"""
ADMINISTRATOR = {"name": "Anna Amsel", "password": "seven green lamps burn"}
LEADER = {"name": "Ben Berg", "login": "ben", "password": "eleven blue harbours wait", "role": "leader"}
MEMBER = {"name": "Clara Clay", "login": "clara", "password": "nineteen quiet orchards hum", "role": "member"}
JOINED = "Dora Dean"
QUESTIONS = ("Where is the lantern carried every evening?", "What helps when the fog is thick?")


class OldProgram:
    """The program of the commit, with a data folder of its own."""

    def __init__(self, work: Path) -> None:
        archive = subprocess.run(
            ["git", "archive", COMMIT], cwd=HERE.parents[1], capture_output=True, check=True
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            packed.extractall(work / "program", filter="data")
        (work / "site").mkdir()
        (work / "site" / "sitecustomize.py").write_text(MACHINE_NAME, encoding="utf-8")
        self.home = work / "home"
        self._command = [sys.executable, "-P", "-c", "from server.cli import main; main()", "--home", str(self.home)]
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LAMPSTAND_")},
            "PYTHONPATH": f"{work / 'site'}{os.pathsep}{work / 'program'}",
            "LAMPSTAND_HOST": "127.0.0.1",
            # Nothing listens at this port, so that no model is used.
            "LAMPSTAND_MODELS_ADDRESS": f"http://127.0.0.1:{free_port()}",
        }

    def run(self, *arguments: str, stdin: str = "", expected: int = 0) -> None:
        done = subprocess.run(
            [*self._command, *arguments],
            env=self._environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != expected:
            raise SystemExit(f"{arguments} ended with {done.returncode}: {done.stdout}{done.stderr}")

    @contextlib.contextmanager
    def serving(self) -> Iterator[str]:
        """The address of the running web server."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        process = subprocess.Popen([*self._command, "serve", "--port", str(port)], env=self._environment)
        try:
            wait_until(lambda: answers(url))
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=WAIT_S)


class Browser:
    """A browser in which a person is signed in."""

    def __init__(self, url: str, path: str, body: dict[str, str]) -> None:
        self._http = httpx.Client(base_url=url, timeout=WAIT_S, trust_env=False)
        entered = self.call("POST", path, body)
        self._http.headers["X-CSRF-Token"] = entered["csrf_token"]
        self.id = entered["person"]["id"]
        self.cookie = self._http.cookies["lampstand"]

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self._http.request(method, f"/api/v1/{path}", json=body)
        if answer.is_error:
            raise SystemExit(f"{method} {path}: {answer.text}")
        return answer.json() if answer.content else None

    def token(self, name: str, *scopes: str) -> str:
        token: str = self.call("POST", "account/tokens", {"name": name, "scopes": scopes, "days": None})["token"]
        return token

    def allow_messages_outside(self, *, allowed: bool) -> None:
        answer = self._http.post("/inbox/outside", data={"allowed": "yes"} if allowed else {})
        if answer.headers.get("location") != "/people":
            raise SystemExit(f"messages outside: {answer.status_code}")

    def ask(self, question: str) -> str:
        """Ask a question and wait for its answer; returns the id of the message."""
        message: str = self.call("POST", "ask", {"question": question})["id"]
        wait_until(lambda: self.call("GET", f"messages/{message}")["state"] != "running")
        return message


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/health", trust_env=False).is_success
    except httpx.HTTPError:
        return False


def wait_until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not is_true():
        if time.monotonic() > deadline:
            raise SystemExit(f"The old program was not ready within {WAIT_S} s.")
        time.sleep(0.1)  # another process's progress: there is no event to wait on from here


def fill_library(program: OldProgram, work: Path) -> None:
    """Import all texts; one import fails."""
    sources = work / "texts"
    sources.mkdir()
    for location in (
        invented_texts.write_translation(sources / "lantern.xml"),
        invented_texts.write_dictionaries(sources / "dictionaries"),
        invented_texts.write_cross_references(sources / "cross-references.txt"),
    ):
        program.run("library", "import", str(location), "--no-index")
    faulty = invented_texts.write_faulty_translation(sources / "twice.xml")
    program.run("library", "import", str(faulty), "--no-index", expected=2)


def fill_people(url: str) -> dict[str, Any]:
    """Create people, and have them join, ask, announce and start jobs. Returns their credentials."""
    anna = Browser(url, "session", ADMINISTRATOR)
    for person in (LEADER, MEMBER):
        anna.call("POST", "people", person)
    ben, clara = (
        Browser(url, "session", {"name": each["login"], "password": each["password"]}) for each in (LEADER, MEMBER)
    )
    code = ben.call("POST", "classes", {"name": "Sunday evening", "hours": CLASS_HOURS})["code"]
    closed = ben.call("POST", "classes", {"name": "Last summer", "hours": 1})
    ben.call("POST", f"classes/{closed['id']}/close", {})
    dora = Browser(url, "join", {"code": code, "name": JOINED})
    anna.call("PUT", "house", {"guests_may_read": False})
    messages = [clara.ask(question) for question in QUESTIONS]
    dora.call("PUT", "notifications/preferences", {"kind": "job-done", "inbox": False, "outside": False})
    anna.allow_messages_outside(allowed=True)
    clara.call("POST", "notifications/addresses", {"address": "ntfy://ntfy.invalid/a-topic-of-tests"})
    anna.allow_messages_outside(allowed=False)
    ben.call("POST", "announcements", {"text": "Bring a lamp on Sunday."})
    wait_until(lambda: dora.call("GET", "notifications")["unread"] == 1)
    begin_jobs(anna)
    return {
        "class_code": code,
        "closed_class_code": closed["code"],
        "messages": messages,
        "cookies": {"dora": dora.cookie},
        "tokens": {
            "anna": anna.token("terminal", "read", "own", "administer"),
            "clara": clara.token("notebook", "read", "ask"),
        },
    }


def begin_jobs(anna: Browser) -> None:
    """Create a job that is cancelled and one that waits for a worker, and pause a queue."""
    cancelled = anna.call("POST", "jobs", {"kind": "index"})
    anna.call("POST", f"jobs/{cancelled['id']}/cancel")
    anna.call("POST", "jobs", {"kind": "backup"})
    anna.call("POST", "queues/media/pause", {"reason": "Nobody films in winter."})


def finish(home: Path) -> None:
    """Remove logs, sockets, locks and temporary files, and make each database one file."""
    for name in ("logs", "run", "work", "models", "texts", "tls/lock"):
        path = home / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for path in home.glob("*.db"):
        connection = apsw.Connection(str(path))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute("VACUUM")
        connection.close()
    if left := [path.name for path in home.glob("*.db-*")]:
        raise SystemExit(f"databases were not closed: {left}")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="old-folder-") as temporary:
        work = Path(temporary)
        program = OldProgram(work)
        program.home.mkdir(mode=0o700)
        (program.home / "settings.toml").write_text(SETTINGS, encoding="utf-8")
        program.run(
            "users", "setup", "--name", ADMINISTRATOR["name"], "--password-stdin", stdin=ADMINISTRATOR["password"]
        )
        fill_library(program, work)
        program.run("tls", "init")
        with program.serving() as url:
            credentials = fill_people(url)
        finish(program.home)
        shutil.rmtree(FOLDER, ignore_errors=True)
        shutil.copytree(program.home, FOLDER)
    passwords = {person.get("login", person["name"]): person["password"] for person in (ADMINISTRATOR, LEADER, MEMBER)}
    credentials |= {"for": "tests only", "made_at": int(time.time()), "passwords": passwords}
    CREDENTIALS.write_text(json.dumps(credentials, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
