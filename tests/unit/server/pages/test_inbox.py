"""The inbox page and its forms."""

import pytest
from fakes.html_page import Page, assert_redirected
from fakes.inboxes import add_address, announce, run_job_of, set_outside_allowed
from fakes.small_site import Caller, Site

from appliance.community.accounts.permissions import Role
from appliance.community.notifications import queries
from appliance.community.notifications.notification import NotificationKind
from server.pages.inbox import InboxPagesController

ROUTES = [InboxPagesController]
NTFY = frozenset({"ntfy"})


def inbox(caller: Caller, **query: str) -> Page:
    return Page(caller.open("/inbox", **query))


def browser_with(site: Site, *announcements: str) -> Caller:
    """The browser of a member whose inbox has these announcements of Lea, the oldest first."""
    ben, lea = site.add_person(), site.add_person("Lea", Role.LEADER)
    announce(site.appliance, lea, *announcements)
    return site.browser(ben)


def test_an_empty_inbox_says_what_will_be_in_it(site: Site) -> None:
    page = inbox(site.browser(site.add_person()))

    assert "No notifications yet. You get a notification when a job that you started ends" in page.text
    assert "/inbox/read" not in page.forms


def test_notifications_are_shown_newest_first(site: Site) -> None:
    page = inbox(browser_with(site, "We meet at eight.", "Bring <oil>."))
    newest, oldest = page.items("inbox")

    assert newest.startswith("Lea unread")
    assert newest.endswith("Bring <oil>.")
    assert oldest.endswith("We meet at eight.")


def test_a_notification_about_a_job_links_to_the_job(site: Site) -> None:
    ben = site.add_person()
    site.appliance.feed.position()
    run_job_of(site.appliance, "Import Lamps", ben.audience)
    site.appliance.feed.process_new_events()
    page = inbox(site.browser(ben))

    assert "Import Lamps: done" in page.text
    assert page.links["Open"].startswith("/jobs#job-")


def test_marking_all_as_read_leaves_nothing_unread(site: Site) -> None:
    browser = browser_with(site, "one", "two")
    (until,) = inbox(browser).values("until")

    assert_redirected(browser.submit("/inbox/read", until=until), "/inbox")
    page = inbox(browser)
    assert (2, False) == (len(page.items("inbox")), "unread" in page.text)
    assert "/inbox/read" not in page.forms


@pytest.mark.parametrize("until", ["", "all", "-1", "9" * 19, "²"])
def test_an_invalid_id_marks_nothing_as_read(site: Site, until: str) -> None:
    browser = browser_with(site, "one")

    assert_redirected(browser.submit("/inbox/read", until=until), "/inbox")
    assert "unread" in inbox(browser).text


def test_all_kinds_of_notifications_are_on_at_first(site: Site) -> None:
    page = inbox(site.browser(site.add_person()))

    assert all(page.is_checked(f"{kind}-{place}") for kind in NotificationKind for place in ("inbox", "outside"))


def test_a_box_that_is_not_checked_turns_a_kind_off(site: Site) -> None:
    browser = site.browser(site.add_person())

    assert_redirected(browser.submit("/inbox/preferences", **{"announcement-inbox": "on"}), "/inbox")
    page = inbox(browser)
    assert page.is_checked("announcement-inbox")
    assert not page.is_checked("announcement-outside")
    assert not page.is_checked("job-done-inbox")


def test_without_outside_services_there_is_no_form_for_addresses(site: Site) -> None:
    page = inbox(site.browser(site.add_person()))

    assert "Sending to outside services is turned off. An administrator can turn it on." in page.text
    assert "/inbox/addresses" not in page.forms


def test_an_added_address_is_listed_without_its_secret(site: Site) -> None:
    set_outside_allowed(site.appliance)
    browser = site.browser(site.add_person())

    assert_redirected(browser.submit("/inbox/addresses", address="ntfy://ntfy.example/secret"), "/inbox")
    page = inbox(browser)
    assert "ntfy://ntfy.example …" in page.text
    assert "secret " not in page.text
    assert "Allowed services: discord, gotify" in page.text


def test_a_refused_address_shows_the_page_again(site: Site) -> None:
    set_outside_allowed(site.appliance)
    page = Page(site.browser(site.add_person()).submit("/inbox/addresses", address="ftp://example.org"), 400)

    assert ("Inbox", True) == (page.title, "The service 'ftp' is not allowed." in page.problem)


def test_a_person_removes_only_their_own_addresses(site: Site) -> None:
    set_outside_allowed(site.appliance)
    ben = site.add_person()
    address = add_address(site.appliance, ben, "ntfy://ntfy.example/secret", NTFY)
    remove = f"/inbox/addresses/{address.id}/remove"
    cleo = site.browser(site.add_person("Cleo"))

    assert "You have no address with this number." in Page(cleo.submit(remove), 404).text
    assert_redirected(site.browser(ben).submit(remove), "/inbox")
    assert [] == queries.addresses(site.database, ben.id)


def test_leaders_send_announcements_and_see_that_they_were_sent(site: Site) -> None:
    lea, ben = site.add_person("Lea", Role.LEADER), site.add_person()
    site.appliance.feed.position()
    leader = site.browser(lea)

    assert_redirected(leader.submit("/inbox/announce", text="We meet at eight."), "/inbox?announced=yes")
    site.appliance.feed.process_new_events()
    assert "Announcement sent to all members." in inbox(leader, announced="yes").text
    assert "We meet at eight." in inbox(site.browser(ben)).text


def test_an_empty_announcement_is_refused(site: Site) -> None:
    leader = site.browser(site.add_person("Lea", Role.LEADER))

    assert (
        "An announcement must have 1 to 1,000 characters."
        in Page(leader.submit("/inbox/announce", text=" "), 400).problem
    )


def test_members_have_no_form_for_announcements(site: Site) -> None:
    browser = site.browser(site.add_person())

    assert "/inbox/announce" not in inbox(browser).forms
    assert "The role member does not allow this." in Page(browser.submit("/inbox/announce", text="Hello"), 403).text


@pytest.mark.parametrize(("form", "allowed"), [({"allowed": "on"}, True), ({}, False)])
def test_an_administrator_decides_about_outside_services(site: Site, form: dict[str, str], allowed: bool) -> None:
    set_outside_allowed(site.appliance, allowed=not allowed)
    anna = site.browser(site.add_person("Anna", Role.ADMINISTRATOR))

    assert_redirected(anna.submit("/inbox/outside", **form), "/people")
    assert allowed is queries.outside_allowed(site.database.reader)


def test_leaders_cannot_turn_on_outside_services(site: Site) -> None:
    leader = site.browser(site.add_person("Lea", Role.LEADER))

    assert "The role leader does not allow this." in Page(leader.submit("/inbox/outside", allowed="on"), 403).text


def test_guests_are_sent_to_the_sign_in_page(site: Site) -> None:
    assert "/sign-in?next_page=/inbox" == site.guest.open("/inbox").headers["location"]
