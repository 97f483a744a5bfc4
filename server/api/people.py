"""People, classes and the rules of the house."""

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


class RoleWish(msgspec.Struct, frozen=True):
    role: Role


class PasswordWish(msgspec.Struct, frozen=True):
    password: str


class ClassWish(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    hours: Annotated[float, msgspec.Meta(gt=0, le=class_codes.MAX_HOURS)] = 12.0


class ClosingWish(msgspec.Struct, frozen=True, kw_only=True):
    """With `sign_out`, those who joined by the code have to leave too."""

    sign_out: bool = False


class House(msgspec.Struct, frozen=True, kw_only=True):
    """What the house allows."""

    guests_may_read: bool


class PersonList(msgspec.Struct, frozen=True):
    people: list[Person]


class ClassList(msgspec.Struct, frozen=True):
    classes: list[ClassCode]


class PeopleController(Controller):
    path = "/people"
    tags = ("People",)
    opt = rule(Permission.ADMINISTER)

    @get(sync_to_thread=True, summary="Everyone of the house")
    def people(self, appliance_db: NamedDependency[Database]) -> PersonList:
        return PersonList(queries.people(appliance_db))

    @post(sync_to_thread=True, opt=in_threads_for(Kind.SIGN_IN), summary="Give somebody an account")
    def create(
        self, appliance_db: NamedDependency[Database], now: NamedDependency[float], data: JSONBody[NewPerson]
    ) -> Person:
        account = people.new_account(
            name=data.name, login=data.login or data.name, password=data.password, role=data.role
        )
        with appliance_db.write() as work:
            return people.create(work, account, now=now)

    @put("/{person_id:int}/role", sync_to_thread=True, summary="Give somebody another role")
    def set_role(
        self,
        appliance_db: NamedDependency[Database],
        now: NamedDependency[float],
        person_id: FromPath[int],
        data: JSONBody[RoleWish],
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
        data: JSONBody[PasswordWish],
    ) -> None:
        person = queries.person(appliance_db, person_id)
        password_hash = password_changes.new_password_hash(person, data.password)
        with appliance_db.write() as work:
            password_changes.reset_password(work, person, password_hash, now=now)

    @delete("/{person_id:int}", status_code=200, sync_to_thread=True, summary="Remove somebody and all that is theirs")
    def remove(
        self, appliance_db: NamedDependency[Database], now: NamedDependency[float], person_id: FromPath[int]
    ) -> None:
        person = queries.person(appliance_db, person_id)
        with appliance_db.write() as work:
            remove_person(work, person, now=now)


class ClassController(Controller):
    path = "/classes"
    tags = ("People",)
    opt = rule(Permission.LEAD)

    @get(sync_to_thread=True, summary="Class codes, newest first")
    def classes(self, appliance_db: NamedDependency[Database]) -> ClassList:
        return ClassList(queries.class_codes(appliance_db))

    @post(sync_to_thread=True, summary="Open a class: a code by which people join with their name")
    def open_class(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        data: JSONBody[ClassWish],
    ) -> ClassCode:
        with appliance_db.write() as work:
            return class_codes.open_class(work, leader=me, name=data.name, hours=data.hours, now=now)

    @post("/{class_id:int}/close", status_code=200, sync_to_thread=True, summary="Let nobody join by a code any more")
    def close_class(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        class_id: FromPath[int],
        data: JSONBody[ClosingWish],
    ) -> ClassCode:
        with appliance_db.write() as work:
            return class_codes.close_class(work, class_id, leader=me, sign_out=data.sign_out, now=now)


class HouseController(Controller):
    path = "/house"
    tags = ("People",)
    opt = rule(Permission.ADMINISTER)

    @get(sync_to_thread=True, summary="What the house allows")
    def house(self, appliance_db: NamedDependency[Database]) -> House:
        return House(guests_may_read=queries.guests_may_read(appliance_db))

    @put(sync_to_thread=True, summary="Say what the house allows")
    def change(
        self, appliance_db: NamedDependency[Database], now: NamedDependency[float], data: JSONBody[House]
    ) -> House:
        with appliance_db.write() as work:
            people.let_guests_read(work, allowed=data.guests_may_read, now=now)
        return data
