"""The pages in Debian's Chromium, from a running server. Screenshots are stored in screenshots/."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Unpack

import pytest
from fakes.breaking_link import breaking_link
from fakes.browser import Context, Device
from fakes.serving import Served, serving, session
from playwright.sync_api import Browser, FloatRect, Locator, Page, Route, expect

SHOTS = Path(__file__).parents[2] / "screenshots"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(indexed_home: Path) -> Iterator[Served]:
    with serving(indexed_home) as running:
        yield running


class Visit:
    """A page in its own browser context. Errors and requests to other hosts are recorded."""

    def __init__(
        self, browser: Browser, served: Served, *, url: str = "", name: str = "", **context: Unpack[Context]
    ) -> None:
        """`url` is used instead of the server's own address, if it is not empty. `name` is the name of the device."""
        self.name = name
        url = url or served.url
        self.context = browser.new_context(base_url=url, **context)
        self.context.add_cookies([{"name": "lampstand", "value": session(served.home), "url": url}])
        self.page: Page = self.context.new_page()
        self.problems: list[str] = []
        self.other_hosts: list[str] = []
        self.page.on("console", lambda message: self.problems.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on(
            "request",
            lambda request: None if request.url.startswith((url, "data:")) else self.other_hosts.append(request.url),
        )

    def shoot(self, name: str) -> None:
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png")


DESK: Device = {"viewport": {"width": 1200, "height": 900}}
PHONE: Device = {
    "viewport": {"width": 360, "height": 740},
    "color_scheme": "dark",
    "has_touch": True,
    "is_mobile": True,
}


@pytest.fixture(params=[("desk", DESK), ("phone", PHONE)], ids=["desk", "phone"])
def visit(request: pytest.FixtureRequest, browser: Browser, served: Served) -> Iterator[Visit]:
    name, context = request.param
    visit = Visit(browser, served, name=name, **context)
    yield visit
    visit.context.close()
    assert [] == visit.problems
    assert [] == visit.other_hosts


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def box_of(part: Locator) -> FloatRect:
    """The position and size of a part of the page."""
    box = part.bounding_box()
    assert box is not None
    return box


def test_reading_john_3(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    page.get_by_role("combobox").fill("john 3")
    page.keyboard.press("Enter")
    page.wait_for_url("**/read/WEB/John/3*")
    expect(page.get_by_role("heading", name="John 3", exact=True)).to_be_visible()
    expect(page.locator(".text")).to_contain_text("gave his only born")
    assert fits(page)
    visit.shoot(f"read-{visit.name}")

    page.locator(".w", has_text="loved").first.click()
    expect(page.locator("#panel .lemma")).to_have_text("ἀγαπάω")
    page.locator("#panel .close").click()
    expect(page.locator("#panel")).to_be_hidden()
    page.locator(".fn a", has_text="c").first.click()
    expect(page.locator(".aside-note")).to_contain_text("only begotten")

    page.locator("#v16").click()
    expect(page.locator("#panel .related .because").first).to_contain_text("topic")
    expect(page).to_have_url(re.compile("#v16$"))
    assert fits(page)
    visit.shoot(f"verse-{visit.name}")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()

    page.get_by_label("Words of Jesus in red").check()
    assert page.evaluate(
        "getComputedStyle(document.querySelector('.jesus')).color !== getComputedStyle(document.body).color"
    )
    visit.shoot(f"word-{visit.name}")


def test_two_translations_side_by_side(visit: Visit) -> None:
    page = visit.page
    page.goto("/read/WEB/John/3")
    page.get_by_label("Compare with").select_option("KJV")
    page.wait_for_url("**with=KJV*")
    row = page.locator("#v16")
    expect(row).to_contain_text("only born")
    expect(row).to_contain_text("only begotten Son")
    assert fits(page)
    left, right = (box_of(row.locator("p").nth(index)) for index in (0, 1))
    assert left["y"] == right["y"] if visit.name == "desk" else left["y"] < right["y"]
    visit.shoot(f"parallel-{visit.name}")


def test_searching(visit: Visit) -> None:
    page = visit.page
    page.goto("/search?q=do+not+be+anxious")
    expect(page.locator(".hits li").first).to_contain_text("anxious")
    expect(page.locator(".hits")).to_contain_text("Matthew 6:34")
    assert fits(page)
    visit.shoot(f"search-{visit.name}")

    page.get_by_role("link", name="Exact words", exact=True).click()
    page.wait_for_url("**mode=keyword*")
    expect(page.get_by_role("link", name="Exact words", exact=True)).to_have_attribute("aria-current", "true")
    page.get_by_label("Translation").select_option("KJV")
    page.wait_for_url("**translation=KJV*")
    page.go_back()
    page.wait_for_url(lambda url: "KJV" not in url)
    expect(page.locator("#results")).to_be_visible()


def test_searching_for_a_book_name_offers_the_book(visit: Visit) -> None:
    page = visit.page
    page.goto("/search?q=Genesis")
    page.get_by_role("link", name="Open Genesis").click()
    expect(page.get_by_role("heading", name="Genesis")).to_be_visible()


def test_the_panel_does_not_cover_the_tapped_word(browser: Browser, served: Served) -> None:
    visit = Visit(browser, served, **PHONE)
    page = visit.page
    page.goto("/read/WEB/John/3")
    word = page.locator(".w", has_text="loved").first
    word.scroll_into_view_if_needed()
    word.click()
    expect(page.locator("#panel .lemma")).to_be_visible()
    box, panel = box_of(word), box_of(page.locator("#panel"))

    assert box["y"] + box["height"] <= panel["y"]
    visit.context.close()


def blocks_of(page: Page) -> list[str]:
    """The blocks of the answer that a page shows, as HTML."""
    expect(page.locator(".answer blockquote").first).to_be_visible()
    blocks: list[str] = page.locator(".answer > * > *").evaluate_all("blocks => blocks.map((block) => block.outerHTML)")
    return blocks


def test_asking(visit: Visit) -> None:
    page = visit.page
    page.goto("/ask")
    page.get_by_label("Your question").fill("What does the Bible say about being anxious?")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.wait_for_url("**/ask/*")
    expect(page.locator(".sources li").first).to_be_visible()
    expect(page.locator(".answer blockquote").first).to_be_visible()
    expect(page.locator(".made")).to_contain_text("Quoted passages only")
    expect(page.locator(".chip").first).to_have_attribute("title", re.compile(r"\d+:\d+.*: "))
    assert fits(page)
    visit.shoot(f"ask-{visit.name}")
    page.locator(".chip").first.focus()
    expect(page.locator(".sources .marked")).to_have_count(1)
    page.locator(".chip").first.blur()
    expect(page.locator(".sources .marked")).to_have_count(0)
    live_blocks = blocks_of(page)
    page.reload()
    assert live_blocks == blocks_of(page), "the live page differs from the reloaded page"


@pytest.mark.parametrize("address", ["/", "/read", "/read?book=Ps", "/read/WEB/Ps/119", "/about", "/ask", "/search"])
def test_every_page_fits_the_screen_and_loads_nothing_from_other_hosts(visit: Visit, address: str) -> None:
    visit.page.goto(address)

    assert fits(visit.page)
    visit.shoot(f"page-{address.strip('/').replace('/', '-').replace('?', '-') or 'home'}-{visit.name}")


def test_reading_with_the_keyboard(browser: Browser, served: Served) -> None:
    visit = Visit(browser, served, **DESK)
    page = visit.page
    page.goto("/read/WEB/John/3")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/John/4*")
    page.keyboard.press("/")
    page.keyboard.type("Psalm 23")
    page.keyboard.press("Enter")
    page.wait_for_url("**/Ps/23*")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**/Ps/22*")
    page.locator("a.vn").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#panel .lemma").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    visit.context.close()


def test_reading_and_searching_without_javascript(browser: Browser, served: Served) -> None:
    visit = Visit(browser, served, java_script_enabled=False, **PHONE)
    page = visit.page
    page.goto("/")
    page.get_by_role("searchbox").fill("John 3")
    page.keyboard.press("Enter")
    expect(page.locator(".text")).to_contain_text("only born")
    page.get_by_label("Compare with").select_option("KJV")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#v16")).to_contain_text("only begotten")
    page.get_by_label("Translation").select_option("RV1909")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/read/RV1909/John/3?with=KJV")
    page.get_by_role("searchbox").fill("do not be anxious")
    page.keyboard.press("Enter")
    expect(page.locator(".hits")).to_contain_text("Matthew 6:34")
    page.get_by_role("link", name="More results").click()
    expect(page.locator(".hits li").first).to_be_visible()
    visit.context.close()


def test_the_answer_resumes_after_going_offline(browser: Browser, served: Served) -> None:
    """The browser goes offline immediately after the page opens, and then online again. The page shows the whole answer."""
    visit = Visit(browser, served, **DESK)
    page = visit.page
    page.goto("/ask")
    page.get_by_label("Your question").fill("Who is my neighbour?")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.wait_for_url("**/ask/*")
    visit.context.set_offline(True)
    visit.context.set_offline(False)
    expect(page.locator(".made")).to_contain_text("Quoted passages only", timeout=15_000)
    expect(page.locator(".answer blockquote").first).to_be_visible()
    visit.context.close()


def test_an_answer_stream_resumes_where_the_connection_broke(browser: Browser, served: Served) -> None:
    """The connection breaks twice during the answer. The page still shows all text, and shows it only once."""
    message_id = (
        served.http.post("/api/v1/ask", json={"question": "Who is my neighbour?"}).raise_for_status().json()["id"]
    )
    served.http.get(f"/api/v1/messages/{message_id}/stream").raise_for_status()

    def before_the_first_word(route: Route) -> None:
        """Serve the page in its state before the first word was written."""
        answer = route.fetch()
        body = answer.text().replace('data-state="done"', 'data-state="running"')
        body = re.sub(r'(<div class="complete"[^>]*>).*?</div>', r"\1</div>", body, flags=re.DOTALL)
        route.fulfill(response=answer, body=body)

    with breaking_link(served.url, f"/ask/{message_id}/stream", breaks=[2, 2]) as link:
        visit = Visit(browser, served, url=link.url, **DESK)
        page = visit.page
        page.goto(f"/ask/{message_id}")
        whole = blocks_of(page)
        page.route(f"**/ask/{message_id}", before_the_first_word)
        page.reload()
        # A page that received the answer live shows how long the answer took.
        expect(page.locator(".made")).to_have_text(re.compile(r" \d+\.\d s\.$"), timeout=15_000)
        continued = blocks_of(page)
        visit.context.close()

    assert len(whole) > 3
    assert whole == continued
    assert [None, "2", "3"] == link.last_event_ids


def test_an_answer_without_javascript(browser: Browser, served: Served) -> None:
    visit = Visit(browser, served, java_script_enabled=False, **PHONE)
    page = visit.page
    page.goto("/ask")
    page.get_by_label("Your question").fill("What does the Bible say about being anxious?")
    page.get_by_role("button", name="Ask", exact=True).click()
    # The page reloads until the answer is complete.
    expect(page.locator(".made")).to_contain_text("Quoted passages only", timeout=15_000)
    chip = page.locator(".answer blockquote .chip").first
    expect(chip).to_have_attribute("title", re.compile(r"\d+:\d+.*: "))
    chip.click()
    expect(page).to_have_url(re.compile(r"#source-\d$"))
    visit.context.close()


def test_the_search_bar_suggests_topics_and_works_with_the_keyboard(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    page.locator("#bar").press_sequentially("forgiv")
    suggestions = page.locator("#suggestions [role=option]")
    expect(suggestions.first).to_contain_text("Forgiveness")
    page.keyboard.press("ArrowDown")
    expect(suggestions.first).to_have_attribute("aria-selected", "true")
    visit.shoot(f"suggestions-{visit.name}")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Forgiveness")
    assert fits(page)


def test_recent_searches_are_suggested(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    page.locator("#bar").fill("lamp unto my feet")
    page.keyboard.press("Enter")
    expect(page.locator(".hits .ref").first).to_have_text("Psalm 119:105")
    page.goto("/")
    page.locator("#bar").focus()

    expect(page.locator("#suggestions")).to_contain_text("lamp unto my feet")
    page.keyboard.press("Escape")
    expect(page.locator("#suggestions")).to_be_hidden()


def test_a_search_result_says_why_it_was_found_and_links_to_related_passages(visit: Visit) -> None:
    page = visit.page
    page.goto("/search?q=worry")
    expect(page.locator(".why").first).to_contain_text("readers found it helpful")
    visit.shoot(f"search-why-{visit.name}")
    page.locator(".why a").first.click()
    expect(page.locator(".neighbourhood svg")).to_be_visible()
    page.locator(".neighbourhood").scroll_into_view_if_needed()
    visit.shoot(f"neighbourhood-{visit.name}")
    assert fits(page)


def test_the_page_of_a_word_highlights_its_uses(visit: Visit) -> None:
    page = visit.page
    page.goto("/word/G26")
    expect(page.locator("h1")).to_contain_text("ἀγάπη")
    expect(page.locator("mark").first).to_have_text(re.compile("love", re.IGNORECASE))
    assert fits(page)
