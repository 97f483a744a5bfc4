"""A server for a temporary copy of the library, with two members and the model runtime."""

import asyncio
import contextlib
import importlib.util
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil

from appliance.community.accounts.operations import api_tokens, people, sessions, site_setup
from appliance.community.accounts.permissions import Permission, Role
from appliance.errors import NotFound
from appliance.scripture.translations import queries
from models.catalogue.catalogue import Catalogue
from models.catalogue.model import ModelRole
from server.benchmarks.crowd.plan import CrowdSite
from server.benchmarks.helper_process import MeasurementFailed
from server.benchmarks.isolation import chapter_paths, copy_of
from server.benchmarks.random_model import Shape, write_random_model
from server.benchmarks.search import SELECT_SOME
from server.benchmarks.serving import served
from server.bootstrap import Appliance

# The limits of open files. The limit of the server is Debian's default for programs started from a shell or by supervisor.
DESCRIPTORS, DESCRIPTORS_OF_CLIENTS = 1_024, 2_048
IDLE_EXIT_S, WARM_S, ANSWER_S = 1_200, 180.0, 60.0
CALM_S, CALM_SHARE, CHECK_S = 60.0, 0.15, 1.0
OPENING_CHARACTERS = 60
PASSWORD = "seven green lamps burn"  # noqa: S105 - of a temporary folder
# The vocabulary of this model is bytes, so a prompt has some thousand tokens. As with a real model, an answer takes seconds.
_CHAT = Shape(width=256, heads=4, kv_heads=4, head_size=64, feed_forward=704, layers=4)


class NoGraph(NotFound):
    """The graph is not built."""


@contextlib.contextmanager
def crowded_site(appliance: Appliance, home: Path, *, with_questions: bool) -> Iterator[CrowdSite]:
    """Serve a copy of the library in `home`. If `with_questions` is set, also prepare a chat model and search by meaning.

    Raises NothingToRead, NoGraph or MeasurementFailed.
    """
    if not appliance.folder.graph.exists():
        raise NoGraph("The graph is not built yet.", remedy="Build it with `lampstand graph build`.")
    copy = copy_of(appliance, home)
    try:
        if with_questions:
            _ensure_chat_model(copy)
        token, session, searcher_token = _members(copy)
        default_translation = copy.translations.choose().id
        translations = [translation.id for translation in queries.translations(copy.library)]
        openings = [
            str(row[0])[:OPENING_CHARACTERS] for row in copy.library.reader.rows(SELECT_SOME, (default_translation,))
        ]
        chapters = [f"/api/v1/{path}" for path in chapter_paths(copy)]
    finally:
        copy.close()
    with _runtime(home), contextlib.ExitStack() as stack:
        with few_descriptors():
            url = stack.enter_context(served(home))
        site = CrowdSite(
            port=urlsplit(url).port or 0,
            token=token,
            session=session,
            searcher_token=searcher_token,
            translations=translations,
            chapters=chapters,
            openings=openings,
        )
        if with_questions:
            _warm(url, site)
        yield site


def await_calm() -> None:
    """Wait at most a minute until all child processes are idle, because they may still handle requests of an abuse."""
    deadline, pause = time.monotonic() + CALM_S, threading.Event()
    before = _processor_s()
    while time.monotonic() < deadline:
        pause.wait(CHECK_S)
        now = _processor_s()
        if now - before < CALM_SHARE * CHECK_S:
            return
        before = now


def _processor_s() -> float:
    """Return the processor time of all child processes, including their ended children."""
    used = 0.0
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            used += times.user + times.system + times.children_user + times.children_system
    return used


def _members(appliance: Appliance) -> tuple[str, str, str]:
    """Create two members. Return the token and the session of the first member, and the token of the second member."""
    database, now = appliance.appliance_db, appliance.clock.time()
    administrator = site_setup.new_administrator(database.reader, name="Anna", password=PASSWORD)
    members = [
        people.new_account(name=name, login=name, password=PASSWORD, role=Role.MEMBER) for name in ("Ben", "Carla")
    ]
    scopes = [Permission.READ, Permission.ASK]
    with database.write() as work:
        site_setup.create_administrator(work, administrator, now=now)
        member, other = (people.create(work, account, now=now) for account in members)
        token, other_token = (
            api_tokens.create_token(work, person=person, name="measurement", scopes=scopes, days=1, now=now).token
            for person in (member, other)
        )
        session = sessions.start_session(work, member, address="127.0.0.1", agent="measurement", now=now)
    return token, session.token, other_token


def _ensure_chat_model(appliance: Appliance) -> None:
    """Add a chat model with random weights if none is installed. Without llama.cpp, answers quote passages."""
    installed = any(model.role is ModelRole.CHAT for model in appliance.catalogue.models())
    if installed or importlib.util.find_spec("llama_cpp") is None:
        return
    file = write_random_model(appliance.folder.home / "random.gguf", _CHAT)
    asyncio.run(Catalogue(appliance.folder.models).add(file))
    file.unlink()


@contextlib.contextmanager
def _runtime(home: Path) -> Iterator[None]:
    """Start the model runtime before the web server does, like `lampstand up`."""
    command = [str(Path(sys.executable).with_name("lampstand")), "--home", str(home), "models", "serve"]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--idle-exit", str(IDLE_EXIT_S)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        process.kill()


@contextlib.contextmanager
def few_descriptors() -> Iterator[None]:
    """Inside this context, child processes start with Debian's limit of open files. Raises MeasurementFailed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS_OF_CLIENTS:
        raise MeasurementFailed(
            f"This shell allows {hard:,} open files per process. The measurement needs more.",
            remedy=f"Raise the limit to at least {DESCRIPTORS_OF_CLIENTS:,}. `ulimit -Hn` shows the limit.",
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _warm(url: str, site: CrowdSite) -> None:
    """Load the models with one search by meaning and one question. Raises MeasurementFailed."""
    headers = {"Authorization": f"Bearer {site.searcher_token}"}
    deadline, pause = time.monotonic() + WARM_S, threading.Event()
    with httpx.Client(base_url=url, headers=headers, timeout=WARM_S, trust_env=False) as client:
        answer = client.get("/search", params={"q": "light of the world", "mode": "semantic"})
        if not answer.is_success:
            raise MeasurementFailed(
                f"Search by meaning does not work: {answer.json()['detail']}",
                remedy="Prepare it with `lampstand index`.",
            )
        message = client.post("/ask", json={"question": "What is light?"}).raise_for_status().json()
        while message["state"] == "running" and time.monotonic() < deadline:
            pause.wait(CHECK_S)
            message = client.get(f"/messages/{message['id']}").raise_for_status().json()
    if message["state"] != "done":
        reason = message["error"] or f"After {WARM_S:.0f} seconds its state is {message['state']}."
        raise MeasurementFailed(
            f"The first question was not answered. {reason}", remedy="`lampstand doctor` shows what is wrong."
        )
