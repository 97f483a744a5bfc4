"""The site in a real browser: set-up, people, classes, jobs, inboxes, and HTTPS on a phone."""

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
def site(tmp_path: Path) -> Iterator[Served]:
    """A site without an administrator."""
    with serving(tmp_path / "home") as running:
        yield running


def visit(browser: Browser, site: Served, role: Role | None = None, **context: Unpack[Device]) -> Page:
    """A page in a new browser context, signed in as a person with `role`, or signed out."""
    browser_context = browser.new_context(base_url=site.url, **context)
    if role:
        browser_context.add_cookies([{"name": "lampstand", "value": session(site.home, role), "url": site.url}])
    return browser_context.new_page()


def shoot(page: Page, name: str) -> None:
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_the_set_up_code_of_the_first_start_creates_the_administrator(browser: Browser, site: Served) -> None:
    printed = [site.output.readline() for _ in range(3)]
    code = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", "".join(printed))
    assert code is not None, printed
    page = visit(browser, site)
    page.goto("/")
    page.get_by_role("link", name="Set up Lampstand").click()
    page.get_by_label("Set-up code").fill("AAAA-AAAA")
    page.get_by_label("Your name").fill("Anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create administrator account").click()
    expect(page.get_by_role("alert")).to_contain_text("This is not the set-up code.")
    shoot(page, "setup")
    page.get_by_label("Set-up code").fill(code[0].lower())
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create administrator account").click()
    page.wait_for_url(f"{site.url}/")

    expect(page.locator("#me summary")).to_have_text("Anna")
    expect(page.get_by_role("link", name="Set up Lampstand")).to_have_count(0)


def test_an_administrator_adds_changes_and_removes_a_person(browser: Browser, site: Served) -> None:
    page = visit(browser, site, Role.ADMINISTRATOR)
    page.goto("/people")
    page.get_by_label("Name", exact=True).fill("Ben")
    page.get_by_label("Password", exact=True).fill("password123")
    page.get_by_role("button", name="Add person").click()
    expect(page.get_by_role("alert")).to_contain_text(
        "This password is too easy to guess. Use three or four unrelated words."
    )
    page.get_by_label("Password", exact=True).fill("nine blue rivers run")
    page.get_by_role("button", name="Add person").click()
    page.get_by_label("Role of Ben").select_option("leader")
    page.wait_for_load_state()
    expect(page.get_by_label("Role of Ben")).to_have_value("leader")
    shoot(page, "people")

    ben = visit(browser, site, **PHONE)
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


def test_a_leader_opens_a_class_and_people_join_on_their_phones(browser: Browser, site: Served) -> None:
    session(site.home)
    leader = visit(browser, site, Role.LEADER)
    leader.goto("/classes")
    leader.get_by_label("Name").fill("Sunday evening")
    leader.get_by_role("button", name="Open class").click()
    code = leader.locator(".code").inner_text()
    shoot(leader, "classes")

    phone = visit(browser, site, **PHONE)
    phone.goto("/join")
    phone.get_by_label("Class code").fill(code)
    phone.get_by_label("Your name").fill("Cara")
    phone.get_by_role("button", name="Join").click()
    phone.wait_for_url(f"{site.url}/")
    expect(phone.locator("#me summary")).to_have_text("Cara")
    shoot(phone, "joined-phone")
    assert fits(phone)

    leader.goto("/inbox")
    leader.get_by_label("Message to all members").fill("We begin at seven.")
    leader.get_by_role("button", name="Send announcement").click()
    expect(leader.get_by_role("status")).to_contain_text("Announcement sent to all members.")
    expect(phone.locator("#unread")).to_have_text("1")
    phone.get_by_role("link", name="Inbox").click()
    expect(phone.locator("#inbox")).to_contain_text("We begin at seven.")
    phone.get_by_role("button", name="Mark all as read").click()
    expect(phone.locator("#unread")).to_be_hidden()

    leader.goto("/classes")
    leader.get_by_label("Sign out everyone who joined").check()
    leader.get_by_role("button", name="Close: Sunday evening").click()
    expect(leader.get_by_text("No open classes.")).to_be_visible()
    phone.goto("/inbox")
    phone.wait_for_url(re.compile("/sign-in"))


def test_tabs_share_one_event_stream_and_keep_it_when_the_first_tab_closes(browser: Browser, site: Served) -> None:
    first = visit(browser, site, Role.MEMBER)
    first.goto("/inbox")
    second = first.context.new_page()
    streams: list[str] = []
    second.on("request", lambda request: streams.append(request.url) if "/api/v1/events" in request.url else None)
    second.goto("/inbox")

    def announce(text: str) -> None:
        site.http.post("/api/v1/announcements", json={"text": text}).raise_for_status()

    announce("We begin at seven.")
    for page in (first, second):
        expect(page.locator("#inbox li.unread")).to_have_count(1)
    assert [] == streams
    first.close()
    announce("We begin at eight.")
    expect(second.locator("#inbox li.unread")).to_have_count(2)
    expect(second.locator("#unread")).to_have_text("2")
    assert 1 == len(streams)


def test_a_failed_job_notifies_the_person_who_started_it(browser: Browser, site: Served) -> None:
    page = visit(browser, site, Role.ADMINISTRATOR)
    page.goto("/jobs")
    worker = start_worker(site.home, "library")
    try:
        page.get_by_placeholder("Model name or address").fill("no-such-model")
        page.get_by_role("button", name="Download model").click()
        expect(page.locator("#unread")).to_have_text("1", timeout=30_000)
        expect(page.locator("#work summary")).to_have_text("1 failed")
        page.locator("#work summary").click()
        expect(page.locator("#work")).to_contain_text("no-such-model")
        expect(page.locator("#work").get_by_role("button", name="Try again")).to_be_visible()
        shoot(page, "job-failed")
        page.get_by_role("link", name="Inbox").click()
        expect(page.locator("#inbox")).to_contain_text("no-such-model: failed")
        expect(page.locator("#inbox")).to_contain_text("`lampstand models recommend`")
        page.get_by_role("link", name="Open", exact=True).click()
        page.get_by_role("button", name=re.compile("Try again: .*no-such-model")).first.click()
        expect(page.locator("#unread")).to_have_text("2", timeout=30_000)
        shoot(page, "jobs")
    finally:
        worker.terminate()
        worker.wait(timeout=20)


def test_an_administrator_pauses_a_queue_and_cancels_a_job(browser: Browser, site: Served) -> None:
    page = visit(browser, site, Role.ADMINISTRATOR)
    page.goto("/jobs")
    queue = page.locator("#queue-library")
    queue.get_by_text("Pause", exact=True).click()
    queue.get_by_label("Reason").fill("The sermon is on.")
    queue.get_by_role("button", name="Pause library").click()
    expect(page.locator("#queue-library")).to_contain_text(
        re.compile(r"Paused by Administrator until \d\d:\d\d: The sermon is on\.")
    )
    page.get_by_role("button", name="Build the graph").click()
    expect(page.locator("#work summary")).to_have_text("1 running")
    expect(page.locator("#queue-library")).to_contain_text("1 waiting")
    page.get_by_role("button", name="Cancel: Build the graph").first.click()
    expect(page.locator("#jobs li").first).to_contain_text("cancelled")
    expect(page.locator("#work")).to_be_hidden()
    page.get_by_role("button", name="Resume library").click()
    expect(page.locator("#queue-library")).not_to_contain_text("Paused")


def test_a_person_signs_out_another_browser_and_creates_a_token(browser: Browser, site: Served) -> None:
    session(site.home)
    first, second = visit(browser, site, Role.MEMBER), visit(browser, site, Role.MEMBER)
    second.goto("/account")
    first.goto("/account")
    first.get_by_role("button", name=re.compile("Sign out: ")).click()
    expect(first.get_by_role("button", name=re.compile("Sign out: "))).to_have_count(0)
    second.goto("/account")
    second.wait_for_url(re.compile("/sign-in"))

    first.get_by_text("Create a token").click()
    first.get_by_label("Name", exact=True).fill("a script")
    first.get_by_role("button", name="Create token").click()
    token = first.locator(".secret").inner_text()
    shoot(first, "token")
    answer = site.guest.get("/api/v1/session", headers={"Authorization": f"Bearer {token}"}).json()

    assert "member" == answer["role"]
    first.goto("/account")
    expect(first.locator(".secret")).to_have_count(0)
    first.get_by_role("button", name="Remove: a script").click()
    assert 401 == site.guest.get("/api/v1/session", headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.fixture
def secure_site(tmp_path: Path) -> Iterator[Served]:
    """A site at an address that counts as another machine. Guests use plain HTTP, all other people use HTTPS."""
    with serving(tmp_path / "home", host="127.0.0.2") as running:
        yield running


# A function that starts a phone with a name. The phone trusts the given certificate authority, or none.
StartPhone = Callable[[str, bytes | None], Page]


@pytest.fixture
def phones(tmp_path: Path, browser: Browser) -> Iterator[StartPhone]:
    """Start phones. Each phone is a browser with its own profile and its own trusted certificates."""
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
def test_a_phone_that_trusts_the_authority_shows_no_warning(secure_site: Served, phones: StartPhone) -> None:
    site, port = secure_site, secure_site.https_port
    session(site.home)
    authority = site.guest.get("/trust/lampstand-authority.crt").raise_for_status().content

    stranger = phones("stranger", None)
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        stranger.goto(f"https://127.0.0.2:{port}/")

    page = phones("trusting", authority)
    page.goto(f"{site.url}/")
    page.get_by_role("link", name="Sign in").click()
    page.wait_for_url(f"https://127.0.0.2:{port}/sign-in")
    sign_in(page, "administrator", PASSWORD)
    page.wait_for_url(f"https://127.0.0.2:{port}/")
    expect(page.locator("#me summary")).to_have_text("Administrator")
    (cookie,) = [cookie for cookie in page.context.cookies() if "lampstand" in cookie["name"]]

    assert page.evaluate("window.isSecureContext")
    assert ("__Host-lampstand", True, True, "Lax") == (
        cookie["name"],
        cookie["secure"],
        cookie["httpOnly"],
        cookie["sameSite"],
    )
    page.goto(f"{site.url}/")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    shoot(page, "https-phone")
    assert fits(page)
