"""The caller's inbox and notification settings, and announcements, as JSON."""

from typing import Any

import pytest
from fakes.accounts import NOW
from fakes.inboxes import add_address, announce, set_outside_allowed
from fakes.small_site import Caller, Site, api_routes, assert_refused, read

from appliance.community.accounts.permissions import Permission, Role
from appliance.community.notifications.notification import (
    Notification,
    NotificationKind,
    OutsideAddress,
    Preference,
)
from server.api.notifications import (
    AddressList,
    AnnouncementController,
    Inbox,
    NotificationController,
    PreferenceList,
    Unread,
)

ROUTES = [api_routes(NotificationController, AnnouncementController)]
INBOX = "/api/v1/notifications"
ADDRESSES, PREFERENCES, ANNOUNCEMENTS = f"{INBOX}/addresses", f"{INBOX}/preferences", "/api/v1/announcements"
NTFY = frozenset({"ntfy"})
EMPTY = Inbox(notifications=[], unread=0, next_before=None)


def inbox(caller: Caller, **query: str | int) -> Inbox:
    return read(caller.get(INBOX, **query), Inbox)


def texts(caller: Caller, **query: str | int) -> list[str]:
    return [notification.text for notification in inbox(caller, **query).notifications]


def member_with(site: Site, *announcements: str) -> Caller:
    """A member whose inbox has these announcements of Lea, the oldest first."""
    ben, lea = site.add_person(), site.add_person("Lea", Role.LEADER)
    announce(site.appliance, lea, *announcements)
    return site.program(ben)


def test_a_new_person_has_an_empty_inbox(site: Site) -> None:
    assert EMPTY == inbox(site.member())


def test_a_notification_says_who_wrote_what(site: Site) -> None:
    member = member_with(site, "We meet at eight.")
    (notification,) = inbox(member).notifications

    expected = Notification(
        id=notification.id,
        person=notification.person,
        kind=NotificationKind.ANNOUNCEMENT,
        title="Lea",
        text="We meet at eight.",
        link="/inbox",
        created_at=NOW,
        read_at=None,
    )
    assert expected == notification


def test_notifications_are_listed_in_pages_newest_first(site: Site) -> None:
    member = member_with(site, "one", "two", "three")
    first = inbox(member, limit=2)

    assert ["three", "two"] == [notification.text for notification in first.notifications]
    assert 3 == first.unread
    assert ["one"] == texts(member, limit=2, before=int(first.next_before or 0))
    assert inbox(member, limit=2, before=int(first.next_before or 0)).next_before is None


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"before": 0}, {"unread": "maybe"}])
def test_wrong_values_of_a_page_are_named(site: Site, query: dict[str, str | int]) -> None:
    assert_refused(site.member().get(INBOX, **query), 400, next(iter(query)))


def test_a_read_notification_stays_in_the_inbox(site: Site) -> None:
    member = member_with(site, "one", "two")
    newest = inbox(member).notifications[0]
    site.clock.advance(60.0)

    assert Unread(1) == read(member.post(f"{INBOX}/{newest.id}/read"), Unread)
    assert ["two", "one"] == texts(member)
    assert ["one"] == texts(member, unread="true")
    assert NOW + 60.0 == inbox(member).notifications[0].read_at


def test_notifications_that_arrived_after_the_list_stay_unread(site: Site) -> None:
    member = member_with(site, "one", "two", "three")
    middle = inbox(member).notifications[1]

    assert Unread(1) == read(member.post(f"{INBOX}/read", {"until": middle.id}), Unread)
    assert ["three"] == texts(member, unread="true")


@pytest.mark.parametrize("body", [{}, {"until": -1}, {"until": "all"}, []])
def test_the_id_of_the_last_read_notification_is_a_number(site: Site, body: Any) -> None:
    assert_refused(site.member().post(f"{INBOX}/read", body), 400)


def test_nobody_can_read_the_inbox_of_another_person(site: Site) -> None:
    member = member_with(site, "one")
    (notification,) = inbox(member).notifications
    anna = site.administrator()

    assert EMPTY == inbox(anna)
    assert Unread(0) == read(anna.post(f"{INBOX}/{notification.id}/read"), Unread)
    assert 1 == inbox(member).unread


def test_all_kinds_of_notifications_are_on_by_default(site: Site) -> None:
    preferences = read(site.member().get(PREFERENCES), PreferenceList).preferences

    assert [Preference(kind=kind, inbox=True, outside=True) for kind in NotificationKind] == preferences


def test_a_person_turns_off_one_kind(site: Site) -> None:
    ben, lea = site.add_person(), site.add_person("Lea", Role.LEADER)
    member = site.program(ben)
    changed = Preference(kind=NotificationKind.ANNOUNCEMENT, inbox=False, outside=False)
    answer = member.put(PREFERENCES, {"kind": "announcement", "inbox": False, "outside": False})
    announce(site.appliance, lea, "one")

    others = [Preference(kind=kind) for kind in NotificationKind if kind is not NotificationKind.ANNOUNCEMENT]
    assert [*others, changed] == read(answer, PreferenceList).preferences
    assert EMPTY == inbox(member)


@pytest.mark.parametrize("body", [{"kind": "birthday"}, {"inbox": False}, {"kind": "announcement", "inbox": "no"}])
def test_an_unknown_kind_cannot_be_changed(site: Site, body: Any) -> None:
    assert_refused(site.member().put(PREFERENCES, body), 400)


def test_addresses_are_off_until_an_administrator_turns_them_on(site: Site) -> None:
    member = site.member()
    before = read(member.get(ADDRESSES), AddressList)
    refused = member.post(ADDRESSES, {"address": "ntfy://ntfy.example/topic"})
    set_outside_allowed(site.appliance)

    assert ([], False) == (before.addresses, before.allowed)
    assert {"ntfy", "mailto"} <= set(before.services)
    assert sorted(before.services) == before.services
    assert_refused(refused, 400, "Sending to outside services is turned off.")
    assert read(member.get(ADDRESSES), AddressList).allowed


def test_the_secret_part_of_an_address_is_not_shown(site: Site) -> None:
    set_outside_allowed(site.appliance)
    member = site.member()
    added = member.post(ADDRESSES, {"address": "ntfy://ntfy.example/secret-topic"})

    assert "ntfy://ntfy.example …" == read(added, OutsideAddress, 201).masked
    assert [read(added, OutsideAddress, 201)] == read(member.get(ADDRESSES), AddressList).addresses
    assert "secret" not in added.text + member.get(ADDRESSES).text


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"address": "ftp://example.org"}, "The service 'ftp' is not allowed. Use one of discord"),
        ({"address": "ntfy://a b"}, "not allowed"),
        ({"address": "ntfy://" + "a" * 500}, "address"),
        ({}, "address"),
    ],
)
def test_only_addresses_of_known_services_are_added(site: Site, body: Any, part: str) -> None:
    set_outside_allowed(site.appliance)

    assert_refused(site.member().post(ADDRESSES, body), 400, part)


def test_only_its_owner_removes_an_address(site: Site) -> None:
    set_outside_allowed(site.appliance)
    ben = site.add_person()
    address = add_address(site.appliance, ben, "ntfy://ntfy.example/topic", NTFY)
    path = f"{ADDRESSES}/{address.id}"

    assert_refused(site.administrator().delete(path), 404, "You have no address with this number.")
    assert 200 == site.program(ben).delete(path).status_code
    assert_refused(site.program(ben).delete(path), 404)


def test_an_announcement_is_put_into_the_inbox_of_everyone_else(site: Site) -> None:
    leader, member = site.leader(), site.member()
    site.appliance.feed.position()
    response = leader.post(ANNOUNCEMENTS, {"text": "  We meet at eight. "})
    site.appliance.feed.process_new_events()

    assert 201 == response.status_code
    assert (["We meet at eight."], []) == (texts(member), texts(leader))


@pytest.mark.parametrize(
    ("body", "part"), [({"text": " "}, "1 to 1,000"), ({"text": "a" * 1_001}, "1 to 1,000"), ({}, "")]
)
def test_an_announcement_has_1_to_1000_characters(site: Site, body: Any, part: str) -> None:
    assert_refused(site.leader().post(ANNOUNCEMENTS, body), 400, part)


def test_only_leaders_and_administrators_make_announcements(site: Site) -> None:
    body = {"text": "We meet at eight."}

    assert_refused(site.guest.post(ANNOUNCEMENTS, body), 401)
    assert_refused(site.member().post(ANNOUNCEMENTS, body), 403, "The role member does not allow this.")
    assert 201 == site.administrator().post(ANNOUNCEMENTS, body).status_code


@pytest.mark.parametrize("path", [INBOX, PREFERENCES, ADDRESSES])
def test_only_signed_in_people_have_an_inbox(site: Site, path: str) -> None:
    assert_refused(site.guest.get(path), 401, "Sign in to continue.")
    assert_refused(
        site.program(site.add_person(), Permission.READ).get(path), 403, "does not have the scope manage-account"
    )
