"""The question pages: complete answers without JavaScript, visible only to the person who asked."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.accounts import PASSWORD, create_administrator, create_person
from fakes.hashed_vectors import HashedVectors
from fakes.html_page import Page, assert_redirected
from fakes.small_site import Site, serving
from fakes.study import FakeWriter
from litestar import Litestar
from litestar.testing import TestClient

from appliance.community.accounts.operations import signing_in
from appliance.community.accounts.secret_tokens import csrf_token
from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.settings import load_settings
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.operations import import_source
from server.bootstrap import Appliance
from server.http.access import COOKIE_TLS
from server.http.threads import Threads
from server.pages.ask import AskPagesController

USFM = r"""\id GEN Invented
\c 1
\p
\v 1 A lamp was lit on the first evening.
\v 2 It shone to all who were in the house.
"""

Client = TestClient[Litestar]
ROUTES = [AskPagesController]


@pytest.fixture
def appliance(new_home: Path) -> Iterator[Appliance]:
    """A data folder without a model runtime."""
    folder = DataFolder(new_home).create()
    embedder, writer = HashedVectors(), FakeWriter(model=None)
    opened = Appliance(folder, load_settings(folder.home), embedder=embedder, writer=writer)
    yield opened
    opened.close()


@pytest.fixture
def client(appliance: Appliance, tmp_path: Path) -> Iterator[Client]:
    """A browser in which Anna is signed in. The library has two verses."""
    (tmp_path / "gen.usfm").write_text(USFM, encoding="utf-8")
    with open_sources(str(tmp_path / "gen.usfm")) as (source,):
        import_source(appliance.library, source)
    create_administrator(appliance.appliance_db, now=appliance.clock.time())
    create_person(appliance.appliance_db, now=appliance.clock.time())
    with serving(appliance, Threads(), ROUTES) as opened:
        sign_in(opened, appliance, "anna")
        yield opened


def sign_in(client: Client, appliance: Appliance, login: str) -> None:
    now = appliance.clock.time()
    signed_in = signing_in.sign_in(
        appliance.appliance_db, login=login, password=PASSWORD, address="127.0.0.1", agent="tests", now=now
    )
    client.cookies.set(COOKIE_TLS, signed_in.token)


def ask(client: Client) -> str:
    """Ask a question and return the address of its answer page."""
    form = {"question": "Who lit the lamp?", "csrf": csrf_token(client.cookies[COOKIE_TLS])}
    response = client.post("/ask", data=form, follow_redirects=False)
    assert 303 == response.status_code
    return response.headers["location"]


def events(client: Client, page: str, last_event_id: str = "") -> list[tuple[int, str]]:
    """The ids and types of all events of an answer."""
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    response = client.get(f"{page}/stream", headers=headers)
    assert "text/event-stream" in response.headers["content-type"]
    return [
        (int(number), event_type)
        for number, event_type in re.findall(r"^id: (\d+)\nevent: (\w+)$", response.text, re.MULTILINE)
    ]


def test_an_answer_is_complete_without_javascript(client: Client) -> None:
    page = ask(client)
    events(client, page)
    html = client.get(page).text

    assert re.search(r'<li id="source-1">\s*<a href="/read/\w+/Gen/1"><b>1</b> Genesis 1', html)
    assert re.search(r'<blockquote>A lamp was lit .*<a\s+class="chip"\s+href="#source-1"', html)
    assert "Quoted passages only, without a chat model." in html


def test_the_stream_sends_the_parts_of_the_page(client: Client) -> None:
    page = ask(client)
    types = [event_type for _, event_type in events(client, page)]
    html = client.get(page).text
    parts = [json.loads(data) for data in re.findall(r"^data: (.*)$", client.get(f"{page}/stream").text, re.MULTILINE)]

    assert ["sources", "block", "done"] == list(dict.fromkeys(types))
    assert all(part["html"].strip() in html for part in parts[:-1])
    assert re.search(r"^Quoted passages only, without a chat model\. \d+\.\d s\.", parts[-1]["sentence"])


def test_the_stream_continues_after_the_last_event(client: Client) -> None:
    page = ask(client)
    all_events = events(client, page)

    assert [(number, kind) for number, kind in all_events if kind != "sources"] == events(client, page, "1")
    assert "done" not in {kind for _, kind in events(client, page, str(all_events[-1][0]))}
    assert 400 == client.get(f"{page}/stream", headers={"Last-Event-ID": "x"}).status_code


def test_another_person_cannot_see_the_answer_or_its_stream(client: Client, appliance: Appliance) -> None:
    page = ask(client)
    sign_in(client, appliance, "ben")
    answers = [client.get(page), client.get(f"{page}/stream"), client.get("/ask/none/stream")]

    assert [404, 404, 404] == [answer.status_code for answer in answers]
    client.cookies.clear()
    assert 401 == client.get(f"{page}/stream").status_code


def test_the_form_is_filled_with_the_question_of_a_link(site: Site) -> None:
    page = Page(site.browser(site.add_person()).open("/ask", q="Who lit <it>?"))

    assert ("Ask", ["Invented"]) == (page.title, page.selected("translation"))
    assert "Who lit <it>?" in page.text


@pytest.mark.parametrize(
    ("form", "status", "part"),
    [
        ({"question": " "}, 400, "The question is empty."),
        ({}, 400, "The question is empty."),
        ({"question": "Who lit it?", "translation": "Third"}, 404, "There is no translation"),
    ],
)
def test_a_refused_question_is_an_error_page(site: Site, form: dict[str, str], status: int, part: str) -> None:
    assert part in Page(site.browser(site.add_person()).submit("/ask", **form), status).text


def test_without_a_translation_nothing_can_be_asked(empty_site: Site) -> None:
    browser = empty_site.browser(empty_site.add_person())

    assert "The library has no translation yet." in Page(browser.open("/ask"), 404).text


def test_guests_are_sent_to_the_sign_in_page(site: Site) -> None:
    assert_redirected(site.guest.open("/ask"), "/sign-in?next_page=/ask")
