"""The pages of people and classes. Their forms work without JavaScript."""

from typing import Any

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from appliance.community.accounts import queries
from appliance.community.accounts.operations import class_codes, password_changes, people
from appliance.community.accounts.permissions import MEANING, MIN_ROLE, Permission, Role
from appliance.community.accounts.person import Person, RoleInvalid
from appliance.community.notifications.queries import outside_allowed
from appliance.errors import ApplianceError
from appliance.infrastructure.database import Database
from server.http.access import rule
from server.http.forms import Form, go_to, show_again
from server.http.threads import Kind, in_threads_for
from server.removal import remove_person


def role_named(name: str) -> Role:
    """The role with a name. Raises RoleInvalid."""
    if name not in set(Role):
        raise RoleInvalid(f"There is no role {name[:40]!r}.", remedy="Choose a role from the list.")
    return Role(name)


class PeoplePagesController(Controller):
    path = "/people"
    include_in_schema = False
    opt = rule(Permission.ADMINISTER)

    @get(sync_to_thread=True)
    def people(self, appliance_db: NamedDependency[Database]) -> Template:
        return Template("people.html", context=_people(appliance_db))

    @post(sync_to_thread=True, opt=in_threads_for(Kind.SIGN_IN))
    def create(
        self, appliance_db: NamedDependency[Database], now: NamedDependency[float], data: Form
    ) -> Redirect | Template:
        name = data.get("name", "")
        try:
            account = people.new_account(
                name=name,
                login=data.get("login", "") or name,
                role=role_named(data.get("role", "")),
                password=data.get("password", ""),
            )
            with appliance_db.write() as work:
                people.create(work, account, now=now)
        except ApplianceError as error:
            return show_again("people.html", error, name=name, login=data.get("login", ""), **_people(appliance_db))
        return go_to("/people")

    @post("/guests", sync_to_thread=True)
    def guests(self, appliance_db: NamedDependency[Database], now: NamedDependency[float], data: Form) -> Redirect:
        with appliance_db.write() as work:
            people.set_guests_may_read(work, allowed=bool(data.get("allowed")), now=now)
        return go_to("/people")

    @post("/{person_id:int}/role", sync_to_thread=True)
    def set_role(
        self,
        appliance_db: NamedDependency[Database],
        now: NamedDependency[float],
        person_id: FromPath[int],
        data: Form,
    ) -> Redirect | Template:
        person = queries.person(appliance_db, person_id)
        try:
            role = role_named(data.get("role", ""))
            with appliance_db.write() as work:
                people.set_role(work, person, role, now=now)
        except ApplianceError as error:
            return show_again("people.html", error, **_people(appliance_db))
        return go_to("/people")

    @post("/{person_id:int}/password", sync_to_thread=True, opt=in_threads_for(Kind.SIGN_IN))
    def reset_password(
        self,
        appliance_db: NamedDependency[Database],
        now: NamedDependency[float],
        person_id: FromPath[int],
        data: Form,
    ) -> Redirect | Template:
        person = queries.person(appliance_db, person_id)
        try:
            password_hash = password_changes.new_password_hash(person, data.get("password", ""))
            with appliance_db.write() as work:
                password_changes.reset_password(work, person, password_hash, now=now)
        except ApplianceError as error:
            return show_again("people.html", error, **_people(appliance_db))
        return go_to("/people")

    @get("/{person_id:int}/remove", sync_to_thread=True)
    def ask_remove(self, appliance_db: NamedDependency[Database], person_id: FromPath[int]) -> Template:
        return Template("remove_person.html", context={"person": queries.person(appliance_db, person_id)})

    @post("/{person_id:int}/remove", sync_to_thread=True)
    def remove(
        self, appliance_db: NamedDependency[Database], now: NamedDependency[float], person_id: FromPath[int]
    ) -> Redirect | Template:
        try:
            person = queries.person(appliance_db, person_id)
            with appliance_db.write() as work:
                remove_person(work, person, now=now)
        except ApplianceError as error:
            return show_again("people.html", error, **_people(appliance_db))
        return go_to("/people")


def _people(appliance_db: Database) -> dict[str, Any]:
    database = appliance_db
    return {
        "people": queries.people(database),
        "roles": [role for role in Role if role is not Role.GUEST],
        "guests_may_read": queries.guests_may_read(database),
        "meaning": MEANING,
        "lowest_roles": MIN_ROLE,
        "outside_allowed": outside_allowed(database.reader),
        "classes": {class_code.id: class_code.name for class_code in queries.class_codes(database)},
    }


class ClassPagesController(Controller):
    path = "/classes"
    include_in_schema = False
    opt = rule(Permission.MANAGE_CLASSES)

    @get(sync_to_thread=True)
    def classes(self, appliance_db: NamedDependency[Database], now: NamedDependency[float]) -> Template:
        return Template("classes.html", context=_classes(appliance_db, now))

    @post(sync_to_thread=True)
    def open_class(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        data: Form,
    ) -> Redirect | Template:
        typed = data.get("hours", "12")
        hours = float(typed[:9]) if typed.isdecimal() else 12
        try:
            with appliance_db.write() as work:
                class_codes.open_class(work, leader=me, name=data.get("name", ""), hours=hours, now=now)
        except ApplianceError as error:
            return show_again("classes.html", error, **_classes(appliance_db, now))
        return go_to("/classes")

    @post("/{class_id:int}/close", sync_to_thread=True)
    def close_class(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        class_id: FromPath[int],
        data: Form,
    ) -> Redirect:
        with appliance_db.write() as work:
            class_codes.close_class(work, class_id, leader=me, sign_out=bool(data.get("sign_out")), now=now)
        return go_to("/classes")


def _classes(appliance_db: Database, now: float) -> dict[str, Any]:
    classes = queries.class_codes(appliance_db)
    return {
        "open_classes": [class_code for class_code in classes if class_code.is_open(now)],
        "past_classes": [class_code for class_code in classes if not class_code.is_open(now)],
    }
