"""Setting up a house, its people, classes, jobs and inboxes, as people do in a browser; and HTTPS that a phone trusts."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Unpack

import pytest
from fakes.accounts import PASSWORD
from fakes.browser import ARGUMENTS, CHROMIUM, Device
from fakes.serving import Served, serving, session
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from appliance.community.accounts.permissions import Role
from server.exercises import start_worker

SHOTS = Path(__file__).parents[2] / "screenshots"
PHONE: Device = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

pytestmark = pytest.mark.browser


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Served]:
    """A house that nobody has set up yet."""
    with serving(tmp_path / "home") as running:
        yield running


def visit(browser: Browser, house: Served, role: Role | None = None, **context: Unpack[Device]) -> Page:
    """A page in a browser of its own, in which somebody of a role is signed in, or nobody."""
    made = browser.new_context(base_url=house.url, **context)
    if role:
        made.add_cookies([{"name": "lampstand", "value": session(house.home, role), "url": house.url}])
    return made.new_page()


def shoot(page: Page, name: str) -> None:
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_the_first_start_leads_to_an_administrator(browser: Browser, house: Served) -> None:
    printed = [house.output.readline() for _ in range(3)]
    code = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", "".join(printed))
    assert code is not None, printed
    page = visit(browser, house)
    page.goto("/")
    page.get_by_role("link", name="Set it up").click()
    page.get_by_label("Set-up code").fill("AAAA-AAAA")
    page.get_by_label("Your name").fill("Anna")
    page.get_by_label("A password").fill(PASSWORD)
    page.get_by_role("button", name="Create the administrator").click()
    expect(page.get_by_role("alert")).to_contain_text("This is not the set-up code. It was printed")
    shoot(page, "setup")
    page.get_by_label("Set-up code").fill(code[0].lower())
    page.get_by_label("A password").fill(PASSWORD)
    page.get_by_role("button", name="Create the administrator").click()
    page.wait_for_url(f"{house.url}/")

    expect(page.locator("#me summary")).to_have_text("Anna")
    expect(page.get_by_role("link", name="Set it up")).to_have_count(0)


def test_an_administrator_looks_after_people(browser: Browser, house: Served) -> None:
    page = visit(browser, house, Role.ADMINISTRATOR)
    page.goto("/people")
    page.get_by_label("Name", exact=True).fill("Ben")
    page.get_by_label("Password", exact=True).fill("password123")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("alert")).to_contain_text("would be guessed soon. Three or four words")
    page.get_by_label("Password", exact=True).fill("nine blue rivers run")
    page.get_by_role("button", name="Create").click()
    page.get_by_label("Role of Ben").select_option("leader")
    page.wait_for_load_state()
    expect(page.get_by_label("Role of Ben")).to_have_value("leader")
    shoot(page, "people")

    ben = visit(browser, house, **PHONE)
    ben.goto("/classes")
    sign_in(ben, "Ben", "nine blue rivers run")
    ben.wait_for_url("**/classes")
    assert fits(ben)
    ben.goto("/people")
    expect(ben.get_by_role("heading", name="Not allowed")).to_be_visible()

    page.goto("/people")
    page.locator("li", has_text="Ben").get_by_text("More").click()
    page.get_by_role("link", name="Remove Ben").click()
    expect(page.get_by_role("heading", name="Remove Ben?")).to_be_visible()
    page.get_by_role("button", name="Remove Ben").click()
    page.wait_for_url("**/people")
    expect(page.locator("li", has_text="Ben")).to_have_count(0)
    ben.goto("/classes")
    ben.wait_for_url(re.compile("/sign-in"))


def test_a_leader_opens_a_class_and_people_join_on_their_phones(browser: Browser, house: Served) -> None:
    session(house.home)
    leader = visit(browser, house, Role.LEADER)
    leader.goto("/classes")
    leader.get_by_label("Name").fill("Sunday evening")
    leader.get_by_role("button", name="Open").click()
    code = leader.locator(".code").inner_text()
    shoot(leader, "classes")

    phone = visit(browser, house, **PHONE)
    phone.goto("/join")
    phone.get_by_label("Class code").fill(code)
    phone.get_by_label("Your name").fill("Cara")
    phone.get_by_role("button", name="Join").click()
    phone.wait_for_url(f"{house.url}/")
    expect(phone.locator("#me summary")).to_have_text("Cara")
    shoot(phone, "joined-phone")
    assert fits(phone)

    leader.goto("/inbox")
    leader.get_by_label("To every member").fill("We begin at seven.")
    leader.get_by_role("button", name="Announce").click()
    expect(leader.get_by_role("status")).to_contain_text("Every member is told")
    expect(phone.locator("#unread")).to_have_text("1")
    phone.get_by_role("link", name="Inbox").click()
    expect(phone.locator("#inbox")).to_contain_text("We begin at seven.")
    phone.get_by_role("button", name="Mark all as read").click()
    expect(phone.locator("#unread")).to_be_hidden()

    leader.goto("/classes")
    leader.get_by_label("sign out those who joined").check()
    leader.get_by_role("button", name="Close: Sunday evening").click()
    expect(leader.get_by_text("No class is open.")).to_be_visible()
    phone.goto("/inbox")
    phone.wait_for_url(re.compile("/sign-in"))


def test_tabs_share_a_stream_and_go_on_when_the_one_that_has_it_closes(browser: Browser, house: Served) -> None:
    first = visit(browser, house, Role.MEMBER)
    first.goto("/inbox")
    second = first.context.new_page()
    streams: list[str] = []
    second.on("request", lambda request: streams.append(request.url) if "/api/v1/events" in request.url else None)
    second.goto("/inbox")

    def announce(text: str) -> None:
        house.http.post("/api/v1/announcements", json={"text": text}).raise_for_status()

    announce("We begin at seven.")
    for page in (first, second):
        expect(page.locator("#inbox li.unread")).to_have_count(1)
    assert [] == streams
    first.close()
    announce("We begin at eight.")
    expect(second.locator("#inbox li.unread")).to_have_count(2)
    expect(second.locator("#unread")).to_have_text("2")
    assert 1 == len(streams)


def test_a_failed_job_tells_who_began_it_what_to_do(browser: Browser, house: Served) -> None:
    page = visit(browser, house, Role.ADMINISTRATOR)
    page.goto("/jobs")
    worker = start_worker(house.home, "library")
    try:
        page.get_by_placeholder("a model’s name or address").fill("no-such-model")
        page.get_by_role("button", name="Fetch").click()
        expect(page.locator("#unread")).to_have_text("1", timeout=30_000)
        expect(page.locator("#work summary")).to_have_text("1 failed")
        page.locator("#work summary").click()
        expect(page.locator("#work")).to_contain_text("no-such-model")
        expect(page.locator("#work").get_by_role("button", name="Try again")).to_be_visible()
        shoot(page, "job-failed")
        page.get_by_role("link", name="Inbox").click()
        expect(page.locator("#inbox")).to_contain_text("Fetch no-such-model: failed")
        expect(page.locator("#inbox")).to_contain_text("`lampstand models recommend` names those that fit")
        page.get_by_role("link", name="Look at it").click()
        page.get_by_role("button", name="Try again: Fetch no-such-model").first.click()
        expect(page.locator("#unread")).to_have_text("2", timeout=30_000)
        shoot(page, "jobs")
    finally:
        worker.terminate()
        worker.wait(timeout=20)


def test_an_administrator_pauses_a_queue_and_cancels_a_job(browser: Browser, house: Served) -> None:
    page = visit(browser, house, Role.ADMINISTRATOR)
    page.goto("/jobs")
    queue = page.locator("#queue-library")
    queue.get_by_text("Pause", exact=True).click()
    queue.get_by_label("Why").fill("The sermon is on.")
    queue.get_by_role("button", name="Pause library").click()
    expect(page.locator("#queue-library")).to_contain_text(
        re.compile(r"Paused by Administrator until \d\d:\d\d: The sermon is on\.")
    )
    page.get_by_role("button", name="Build the graph").click()
    expect(page.locator("#work summary")).to_have_text("1 at work")
    expect(page.locator("#queue-library")).to_contain_text("1 waiting")
    page.get_by_role("button", name="Cancel: Build the graph").first.click()
    expect(page.locator("#jobs li").first).to_contain_text("cancelled")
    expect(page.locator("#work")).to_be_hidden()
    page.get_by_role("button", name="Resume library").click()
    expect(page.locator("#queue-library")).not_to_contain_text("Paused")


def test_one_signs_out_another_browser_and_makes_a_token(browser: Browser, house: Served) -> None:
    session(house.home)
    here, there = visit(browser, house, Role.MEMBER), visit(browser, house, Role.MEMBER)
    there.goto("/account")
    here.goto("/account")
    here.get_by_role("button", name=re.compile("Sign out: ")).click()
    expect(here.get_by_role("button", name=re.compile("Sign out: "))).to_have_count(0)
    there.goto("/account")
    there.wait_for_url(re.compile("/sign-in"))

    here.get_by_text("Make a token").click()
    here.get_by_label("What it is for").fill("a script")
    here.get_by_role("button", name="Make it").click()
    token = here.locator(".secret").inner_text()
    shoot(here, "token")
    answer = house.guest.get("/api/v1/session", headers={"Authorization": f"Bearer {token}"}).json()

    assert "member" == answer["role"]
    here.goto("/account")
    expect(here.locator(".secret")).to_have_count(0)
    here.get_by_role("button", name="Remove: a script").click()
    assert 401 == house.guest.get("/api/v1/session", headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.fixture
def secure_house(tmp_path: Path) -> Iterator[Served]:
    """A house as another machine meets it: over HTTP by an address that is not this machine's name for itself, and HTTPS."""
    with serving(tmp_path / "home", host="127.0.0.2") as running:
        yield running


# Starts a phone of a name, which trusts an authority or none.
StartPhone = Callable[[str, bytes | None], Page]


@pytest.fixture
def phones(tmp_path: Path, browser: Browser) -> Iterator[StartPhone]:
    """Start phones, each a browser of its own with what it trusts in a folder of its own."""
    opened: list[BrowserContext] = []

    def start(name: str, authority: bytes | None) -> Page:
        home = tmp_path / name
        trusted = home / ".pki" / "nssdb"
        trusted.mkdir(parents=True)
        certutil = ["certutil", "-d", f"sql:{trusted}"]
        subprocess.run([*certutil, "-N", "--empty-password"], check=True)
        if authority:
            (home / "authority.crt").write_bytes(authority)
            add = ["-A", "-t", "C,,", "-n", "Lampstand", "-i", str(home / "authority.crt")]
            subprocess.run([*certutil, *add], check=True)
        context = browser.browser_type.launch_persistent_context(
            home / "profile", executable_path=CHROMIUM, args=ARGUMENTS, env={"HOME": str(home)}, **PHONE
        )
        opened.append(context)
        return context.pages[0]

    yield start
    for context in opened:
        context.close()


@pytest.mark.skipif(
    shutil.which("certutil") is None, reason="certutil is not installed; packaging/test.sh installs it as root"
)
def test_a_phone_that_trusts_the_authority_shows_no_warning(secure_house: Served, phones: StartPhone) -> None:
    house, port = secure_house, secure_house.https_port
    session(house.home)
    authority = house.guest.get("/trust/lampstand-authority.crt").raise_for_status().content

    stranger = phones("stranger", None)
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        stranger.goto(f"https://127.0.0.2:{port}/")

    page = phones("trusting", authority)
    page.goto(f"{house.url}/")
    page.get_by_role("link", name="Sign in").click()
    page.wait_for_url(f"https://127.0.0.2:{port}/sign-in")
    sign_in(page, "administrator", PASSWORD)
    page.wait_for_url(f"https://127.0.0.2:{port}/")
    expect(page.locator("#me summary")).to_have_text("Administrator")
    (cookie,) = [each for each in page.context.cookies() if "lampstand" in each["name"]]

    assert page.evaluate("window.isSecureContext")
    assert ("__Host-lampstand", True, True, "Lax") == (
        cookie["name"],
        cookie["secure"],
        cookie["httpOnly"],
        cookie["sameSite"],
    )
    page.goto(f"{house.url}/")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    shoot(page, "https-phone")
    assert fits(page)
