"""The inbox page and its forms. They work without JavaScript."""

from typing import Any

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import Person
from appliance.community.notifications import operations, queries
from appliance.community.notifications.notification import MEANING, NotificationKind, Preference
from appliance.errors import ApplianceError
from appliance.infrastructure.database import Database
from server.http.access import rule
from server.http.forms import Form, go_to, show_again

MAX_NOTIFICATIONS = 60


class InboxPagesController(Controller):
    path = "/inbox"
    include_in_schema = False
    opt = rule(Permission.MANAGE_ACCOUNT)

    @get(sync_to_thread=True)
    def inbox(
        self,
        appliance_db: NamedDependency[Database],
        outside_services: NamedDependency[frozenset[str]],
        me: NamedDependency[Person],
    ) -> Template:
        return Template("inbox.html", context=_inbox(appliance_db, outside_services, me))

    @post("/read", sync_to_thread=True)
    def read_all(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        data: Form,
    ) -> Redirect:
        typed = data.get("until", "")
        until = int(typed) if typed.isdecimal() and len(typed) < 19 else 0
        with appliance_db.write() as work:
            operations.mark_all_read(work, person=me.id, until=until, now=now)
        return go_to("/inbox")

    @post("/preferences", sync_to_thread=True)
    def prefer(self, appliance_db: NamedDependency[Database], me: NamedDependency[Person], data: Form) -> Redirect:
        with appliance_db.write() as work:
            for kind in NotificationKind:
                inbox, outside = bool(data.get(f"{kind}-inbox")), bool(data.get(f"{kind}-outside"))
                preference = Preference(kind=kind, inbox=inbox, outside=outside)
                operations.prefer(work, person=me.id, preference=preference)
        return go_to("/inbox")

    @post("/addresses", sync_to_thread=True)
    def add_address(
        self,
        appliance_db: NamedDependency[Database],
        outside_services: NamedDependency[frozenset[str]],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        data: Form,
    ) -> Redirect | Template:
        address = data.get("address", "")
        try:
            with appliance_db.write() as work:
                operations.add_address(work, person=me.id, address=address, schemes=outside_services, now=now)
        except ApplianceError as error:
            return show_again("inbox.html", error, **_inbox(appliance_db, outside_services, me))
        return go_to("/inbox")

    @post("/addresses/{address_id:int}/remove", sync_to_thread=True)
    def remove_address(
        self, appliance_db: NamedDependency[Database], me: NamedDependency[Person], address_id: FromPath[int]
    ) -> Redirect:
        with appliance_db.write() as work:
            operations.remove_address(work, person=me.id, address=address_id)
        return go_to("/inbox")

    @post("/outside", sync_to_thread=True, opt=rule(Permission.ADMINISTER))
    def let_outside(self, appliance_db: NamedDependency[Database], now: NamedDependency[float], data: Form) -> Redirect:
        with appliance_db.write() as work:
            operations.set_outside_allowed(work, allowed=bool(data.get("allowed")), now=now)
        return go_to("/people")

    @post("/announce", sync_to_thread=True, opt=rule(Permission.MANAGE_CLASSES))
    def announce(
        self,
        appliance_db: NamedDependency[Database],
        outside_services: NamedDependency[frozenset[str]],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        data: Form,
    ) -> Redirect | Template:
        try:
            with appliance_db.write() as work:
                operations.announce(work, leader=me.id, name=me.name, text=data.get("text", ""), now=now)
        except ApplianceError as error:
            return show_again("inbox.html", error, **_inbox(appliance_db, outside_services, me))
        return go_to("/inbox?announced=yes")


def _inbox(appliance_db: Database, outside_services: frozenset[str], me: Person) -> dict[str, Any]:
    database = appliance_db
    return {
        "notifications": queries.inbox(database, me.id, limit=MAX_NOTIFICATIONS),
        "unread": queries.unread(database, me.id),
        "preferences": queries.preferences(database.reader, me.id).values(),
        "meaning": MEANING,
        "outside_allowed": queries.outside_allowed(database.reader),
        "addresses": queries.addresses(database, me.id),
        "services": sorted(outside_services),
    }
