"""The caller's inbox and notification settings, and announcements."""

from typing import Annotated

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import Person
from appliance.community.notifications import operations, queries
from appliance.community.notifications.notification import Notification, OutsideAddress, Preference
from appliance.infrastructure.database import NO_ID, Database
from server.http.access import rule


class Inbox(msgspec.Struct, frozen=True, kw_only=True):
    """Notifications, newest first. `next_before` is the cursor for the next page, with older notifications."""

    notifications: list[Notification]
    unread: int
    next_before: int | None


class Unread(msgspec.Struct, frozen=True):
    unread: int


class ReadUntil(msgspec.Struct, frozen=True):
    """The id of the newest notification that was read. Newer notifications stay unread."""

    until: Annotated[int, msgspec.Meta(ge=0, le=NO_ID)]


class PreferenceList(msgspec.Struct, frozen=True):
    preferences: list[Preference]


class NewAddress(msgspec.Struct, frozen=True):
    address: Annotated[str, msgspec.Meta(max_length=500)]


class AddressList(msgspec.Struct, frozen=True, kw_only=True):
    """`allowed` is true when sending to outside services is turned on; `services` are the supported services."""

    addresses: list[OutsideAddress]
    allowed: bool
    services: list[str]


class Announcement(msgspec.Struct, frozen=True):
    text: str


class NotificationController(Controller):
    path = "/notifications"
    tags = ("Notifications",)
    opt = rule(Permission.MANAGE_ACCOUNT)

    @get(sync_to_thread=True, summary="The caller's inbox, newest first")
    def inbox(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
        before: Annotated[
            int, QueryParameter(ge=1, le=NO_ID, description="`next_before` of the previous page.")
        ] = NO_ID,
        unread: Annotated[bool, QueryParameter(description="Only unread notifications.")] = False,  # noqa: FBT002 - named in the address
    ) -> Inbox:
        database = appliance_db
        notifications = queries.inbox(database, me.id, limit=limit, before=before, unread_only=unread)
        return Inbox(
            notifications=notifications,
            unread=queries.unread(database, me.id),
            next_before=notifications[-1].id if len(notifications) == limit else None,
        )

    @post("/{notification_id:int}/read", status_code=200, sync_to_thread=True, summary="Mark a notification as read")
    def read(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        notification_id: FromPath[int],
    ) -> Unread:
        with appliance_db.write() as work:
            return Unread(operations.mark_read(work, person=me.id, notification=notification_id, now=now))

    @post("/read", status_code=200, sync_to_thread=True, summary="Mark all notifications up to an id as read")
    def read_all(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        data: JSONBody[ReadUntil],
    ) -> Unread:
        with appliance_db.write() as work:
            return Unread(operations.mark_all_read(work, person=me.id, until=data.until, now=now))

    @get("/preferences", sync_to_thread=True, summary="The caller's notification settings")
    def preferences(self, appliance_db: NamedDependency[Database], me: NamedDependency[Person]) -> PreferenceList:
        return PreferenceList(list(queries.preferences(appliance_db.reader, me.id).values()))

    @put("/preferences", sync_to_thread=True, summary="Change the settings of one kind of notification")
    def prefer(
        self, appliance_db: NamedDependency[Database], me: NamedDependency[Person], data: JSONBody[Preference]
    ) -> PreferenceList:
        with appliance_db.write() as work:
            operations.prefer(work, person=me.id, preference=data)
        return PreferenceList(list(queries.preferences(appliance_db.reader, me.id).values()))

    @get("/addresses", sync_to_thread=True, summary="The caller's addresses at outside services")
    def addresses(
        self,
        appliance_db: NamedDependency[Database],
        outside_services: NamedDependency[frozenset[str]],
        me: NamedDependency[Person],
    ) -> AddressList:
        return AddressList(
            addresses=queries.addresses(appliance_db, me.id),
            allowed=queries.outside_allowed(appliance_db.reader),
            services=sorted(outside_services),
        )

    @post("/addresses", sync_to_thread=True, summary="Add an address at an outside service")
    def add_address(
        self,
        appliance_db: NamedDependency[Database],
        outside_services: NamedDependency[frozenset[str]],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        data: JSONBody[NewAddress],
    ) -> OutsideAddress:
        with appliance_db.write() as work:
            return operations.add_address(work, person=me.id, address=data.address, schemes=outside_services, now=now)

    @delete(
        "/addresses/{address_id:int}",
        status_code=200,
        sync_to_thread=True,
        summary="Remove an address at an outside service",
    )
    def remove_address(
        self, appliance_db: NamedDependency[Database], me: NamedDependency[Person], address_id: FromPath[int]
    ) -> None:
        with appliance_db.write() as work:
            operations.remove_address(work, person=me.id, address=address_id)


class AnnouncementController(Controller):
    path = "/announcements"
    tags = ("Notifications",)
    opt = rule(Permission.MANAGE_CLASSES)

    @post(sync_to_thread=True, summary="Send an announcement to every member")
    def announce(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        data: JSONBody[Announcement],
    ) -> None:
        with appliance_db.write() as work:
            operations.announce(work, leader=me.id, name=me.name, text=data.text, now=now)
