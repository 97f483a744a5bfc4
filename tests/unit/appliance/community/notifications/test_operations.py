"""Announcements, read marks, preferences and outside addresses."""

import pytest
from fakes.accounts import NOW
from fakes.inboxes import SERVICES, add_address, run_job_of, set_outside_allowed

from appliance.community.accounts.person import Person
from appliance.community.notifications import operations, queries
from appliance.community.notifications.events import NotificationsRead
from appliance.community.notifications.notification import (
    AddressNotFound,
    AddressRefused,
    AnnouncementRefused,
    NotificationKind,
    OutsideForbidden,
    Preference,
)
from appliance.community.site_settings import SiteSettingsChanged
from appliance.infrastructure.messenger import ParameterRefused
from server.bootstrap import Appliance

ADDRESS = "json://127.0.0.1:1/topic"


@pytest.mark.parametrize("text", ["", " ", "x" * 1001])
def test_an_announcement_has_one_to_a_thousand_characters(appliance: Appliance, anna: Person, text: str) -> None:
    with pytest.raises(AnnouncementRefused), appliance.appliance_db.write() as work:
        operations.announce(work, leader=anna.id, name="Anna", text=text, now=NOW)


def mark_read(appliance: Appliance, person: int, notification: int) -> int:
    with appliance.appliance_db.write() as work:
        return operations.mark_read(work, person=person, notification=notification, now=NOW)


def test_read_notifications_are_not_counted(appliance: Appliance, ben: Person) -> None:
    for number in range(3):
        run_job_of(appliance, f"Job {number}", ben.audience)
    appliance.feed.process_new_events()
    newest = queries.inbox(appliance.appliance_db, ben.id)[0]

    assert 2 == mark_read(appliance, ben.id, newest.id)
    assert 0 == mark_read(appliance, ben.id + 1, newest.id - 1), "the notification of another person"
    assert 2 == queries.unread(appliance.appliance_db, ben.id)
    run_job_of(appliance, "Job 3", ben.audience)
    appliance.feed.process_new_events()
    with appliance.appliance_db.write() as work:
        assert 1 == operations.mark_all_read(work, person=ben.id, until=newest.id, now=NOW)
    assert ["Job 3: done"] == [
        unread.title for unread in queries.inbox(appliance.appliance_db, ben.id, unread_only=True)
    ]


def test_reading_an_unread_notification_causes_an_event(appliance: Appliance, ben: Person) -> None:
    run_job_of(appliance, "Index", ben.audience)
    appliance.feed.process_new_events()
    (notification,) = queries.inbox(appliance.appliance_db, ben.id)
    before = appliance.events.newest()
    for _ in range(2):
        mark_read(appliance, ben.id, notification.id)
    (event,) = appliance.events.after(before)

    assert (NotificationsRead(unread=0), NOW) == (event.payload_as(NotificationsRead), event.at)
    assert NOW == queries.inbox(appliance.appliance_db, ben.id)[0].read_at


def test_old_notifications_are_deleted_if_they_are_read(appliance: Appliance, ben: Person) -> None:
    for number in range(2):
        run_job_of(appliance, f"Job {number}", ben.audience)
    appliance.feed.process_new_events()
    newest, oldest = queries.inbox(appliance.appliance_db, ben.id)
    mark_read(appliance, ben.id, oldest.id)
    with appliance.appliance_db.write() as work:
        assert 0 == operations.delete_old(work, before=oldest.created_at)
        assert 1 == operations.delete_old(work, before=newest.created_at + 1)

    assert [newest.id] == [notification.id for notification in queries.inbox(appliance.appliance_db, ben.id)]


def test_a_preference_stays_until_it_is_changed(appliance: Appliance, ben: Person) -> None:
    quiet = Preference(kind=NotificationKind.ANNOUNCEMENT, inbox=True, outside=False)
    with appliance.appliance_db.write() as work:
        for preference in (Preference(kind=NotificationKind.ANNOUNCEMENT, inbox=False), quiet):
            operations.prefer(work, person=ben.id, preference=preference)
    preferences = queries.preferences(appliance.appliance_db.reader, ben.id)

    assert quiet == preferences.pop(NotificationKind.ANNOUNCEMENT)
    assert {(True, True)} == {(preference.inbox, preference.outside) for preference in preferences.values()}


def test_nothing_is_sent_outside_until_an_administrator_allows_it(appliance: Appliance, ben: Person) -> None:
    with pytest.raises(OutsideForbidden):
        add_address(appliance, ben, ADDRESS)
    before = appliance.events.newest()
    set_outside_allowed(appliance)
    (event,) = appliance.events.after(before)
    assert b'{"outside_allowed":true}' == bytes(event.payload)
    assert SiteSettingsChanged(outside_allowed=True) == event.payload_as(SiteSettingsChanged)

    assert "json://127.0.0.1 …" == add_address(appliance, ben, ADDRESS).masked
    set_outside_allowed(appliance, allowed=False)
    run_job_of(appliance, "Index", ben.audience)
    assert [] == appliance.feed.process_new_events()


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "nothing",
        "",
        f"{ADDRESS}, json://127.0.0.1:1/x?method=DELETE",
        f"{ADDRESS} json://127.0.0.1:1",
        "ntfy://[",
    ],
)
def test_only_a_single_address_of_an_allowed_service_is_accepted(
    appliance: Appliance, ben: Person, address: str
) -> None:
    set_outside_allowed(appliance)
    with pytest.raises(AddressRefused):
        add_address(appliance, ben, address)


def test_parameters_that_open_files_are_refused(appliance: Appliance, ben: Person) -> None:
    set_outside_allowed(appliance)
    with pytest.raises(ParameterRefused, match="template"):
        add_address(appliance, ben, f"{ADDRESS}?template=/etc/passwd")


def test_a_person_has_at_most_five_addresses_and_removes_only_their_own(appliance: Appliance, ben: Person) -> None:
    set_outside_allowed(appliance)
    added = [add_address(appliance, ben, f"{ADDRESS}{number}") for number in range(operations.MAX_ADDRESSES)]
    assert (ben.id, NOW) == (added[0].person, added[0].added_at)
    with pytest.raises(AddressRefused, match="You already have 5 addresses"):
        add_address(appliance, ben, ADDRESS, SERVICES)
    with pytest.raises(AddressNotFound), appliance.appliance_db.write() as work:
        operations.remove_address(work, person=ben.id + 1, address=added[0].id)
    with appliance.appliance_db.write() as work:
        operations.remove_address(work, person=ben.id, address=added[0].id)

    assert added[1:] == queries.addresses(appliance.appliance_db, ben.id)
