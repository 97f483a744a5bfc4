"""People, classes and the site settings."""

from typing import Annotated

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from appliance.community.accounts import queries
from appliance.community.accounts.operations import class_codes, password_changes, people
from appliance.community.accounts.permissions import Permission, Role
from appliance.community.accounts.person import ClassCode, Person
from appliance.infrastructure.database import Database
from server.http.access import rule
from server.http.threads import Kind, in_threads_for
from server.removal import remove_person


class NewPerson(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    password: str
    login: str = ""
    role: Role = Role.MEMBER


class RoleChange(msgspec.Struct, frozen=True):
    role: Role


class NewPassword(msgspec.Struct, frozen=True):
    password: str


class NewClass(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    hours: Annotated[float, msgspec.Meta(gt=0, le=class_codes.MAX_HOURS)] = 12.0


class ClassClosing(msgspec.Struct, frozen=True, kw_only=True):
    """With `sign_out`, people who joined with the code are signed out."""

    sign_out: bool = False


class SiteSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Site settings."""

    guests_may_read: bool


class PersonList(msgspec.Struct, frozen=True):
    people: list[Person]


class ClassList(msgspec.Struct, frozen=True):
    classes: list[ClassCode]


class PeopleController(Controller):
    path = "/people"
    tags = ("People",)
    opt = rule(Permission.ADMINISTER)

    @get(sync_to_thread=True, summary="All people with an account")
    def people(self, appliance_db: NamedDependency[Database]) -> PersonList:
        return PersonList(queries.people(appliance_db))

    @post(sync_to_thread=True, opt=in_threads_for(Kind.SIGN_IN), summary="Create an account")
    def create(
        self, appliance_db: NamedDependency[Database], now: NamedDependency[float], data: JSONBody[NewPerson]
    ) -> Person:
        account = people.new_account(
            name=data.name, login=data.login or data.name, password=data.password, role=data.role
        )
        with appliance_db.write() as work:
            return people.create(work, account, now=now)

    @put("/{person_id:int}/role", sync_to_thread=True, summary="Change a person's role")
    def set_role(
        self,
        appliance_db: NamedDependency[Database],
        now: NamedDependency[float],
        person_id: FromPath[int],
        data: JSONBody[RoleChange],
    ) -> Person:
        person = queries.person(appliance_db, person_id)
        with appliance_db.write() as work:
            return people.set_role(work, person, data.role, now=now)

    @put(
        "/{person_id:int}/password",
        sync_to_thread=True,
        opt=in_threads_for(Kind.SIGN_IN),
        summary="Set a person's password; their sessions and API tokens end",
    )
    def reset_password(
        self,
        appliance_db: NamedDependency[Database],
        now: NamedDependency[float],
        person_id: FromPath[int],
        data: JSONBody[NewPassword],
    ) -> None:
        person = queries.person(appliance_db, person_id)
        password_hash = password_changes.new_password_hash(person, data.password)
        with appliance_db.write() as work:
            password_changes.reset_password(work, person, password_hash, now=now)

    @delete("/{person_id:int}", status_code=200, sync_to_thread=True, summary="Delete a person and all their data")
    def remove(
        self, appliance_db: NamedDependency[Database], now: NamedDependency[float], person_id: FromPath[int]
    ) -> None:
        person = queries.person(appliance_db, person_id)
        with appliance_db.write() as work:
            remove_person(work, person, now=now)


class ClassController(Controller):
    path = "/classes"
    tags = ("People",)
    opt = rule(Permission.MANAGE_CLASSES)

    @get(sync_to_thread=True, summary="Class codes, newest first")
    def classes(self, appliance_db: NamedDependency[Database]) -> ClassList:
        return ClassList(queries.class_codes(appliance_db))

    @post(sync_to_thread=True, summary="Open a class; people join with its code and their name")
    def open_class(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        data: JSONBody[NewClass],
    ) -> ClassCode:
        with appliance_db.write() as work:
            return class_codes.open_class(work, leader=me, name=data.name, hours=data.hours, now=now)

    @post(
        "/{class_id:int}/close", status_code=200, sync_to_thread=True, summary="Close a class; its code stops working"
    )
    def close_class(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        class_id: FromPath[int],
        data: JSONBody[ClassClosing],
    ) -> ClassCode:
        with appliance_db.write() as work:
            return class_codes.close_class(work, class_id, leader=me, sign_out=data.sign_out, now=now)


class SiteController(Controller):
    path = "/site"
    tags = ("People",)
    opt = rule(Permission.ADMINISTER)

    @get(sync_to_thread=True, summary="The site settings")
    def settings(self, appliance_db: NamedDependency[Database]) -> SiteSettings:
        return SiteSettings(guests_may_read=queries.guests_may_read(appliance_db))

    @put(sync_to_thread=True, summary="Change the site settings")
    def change(
        self, appliance_db: NamedDependency[Database], now: NamedDependency[float], data: JSONBody[SiteSettings]
    ) -> SiteSettings:
        with appliance_db.write() as work:
            people.set_guests_may_read(work, allowed=data.guests_may_read, now=now)
        return data
