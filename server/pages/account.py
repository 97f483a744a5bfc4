"""The pages for sign-in, joining a class, set-up and the user's account. Their forms work without JavaScript."""

from typing import Any

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from appliance.community.accounts import queries
from appliance.community.accounts.operations import (
    api_tokens,
    password_changes,
    people,
    sessions,
    signing_in,
    site_setup,
)
from appliance.community.accounts.permissions import MEANING, Permission, permits
from appliance.community.accounts.person import Identity, Person
from appliance.errors import ApplianceError
from appliance.infrastructure.database import Database
from server.http.access import address_of, rule
from server.http.forms import Form, go_to, local_path, show_again
from server.http.sessions import (
    BROWSER_ONLY,
    CLEAR_CACHE,
    AnyRequest,
    agent_of,
    end_own_session,
    removed_cookie,
    session_cookie,
)
from server.http.threads import Kind, in_threads_for


def _enter(
    request: AnyRequest,
    appliance_db: Database,
    identity: Identity,
    signed_in: sessions.SignedIn,
    now: float,
    target: str = "/",
) -> Redirect:
    """Redirect a person who has just signed in. The older session of this browser ends."""
    end_own_session(appliance_db, identity, now)
    return Redirect(target, status_code=303, cookies=[session_cookie(request, signed_in.token)])


class EntryPagesController(Controller):
    include_in_schema = False
    opt = rule(Permission.PUBLIC)

    @get("/sign-in", sync_to_thread=True)
    def sign_in_form(
        self, appliance_db: NamedDependency[Database], next_page: FromQuery[str] = "/"
    ) -> Template | Redirect:
        if not queries.is_set_up(appliance_db):
            return go_to("/setup")
        return Template("sign_in.html", context={"next_page": local_path(next_page)})

    @post("/sign-in", sync_to_thread=True, opt=in_threads_for(Kind.SIGN_IN))
    def sign_in(
        self,
        request: AnyRequest,
        appliance_db: NamedDependency[Database],
        identity: NamedDependency[Identity],
        now: NamedDependency[float],
        data: Form,
    ) -> Redirect | Template:
        name, target = data.get("name", ""), local_path(data.get("next_page", "/"))
        try:
            signed_in = signing_in.sign_in(
                appliance_db,
                login=name,
                password=data.get("password", ""),
                address=address_of(request),
                agent=agent_of(request),
                now=now,
            )
        except ApplianceError as error:
            return show_again("sign_in.html", error, name=name, next_page=target)
        return _enter(request, appliance_db, identity, signed_in, now, target)

    @get("/setup", sync_to_thread=True)
    def setup_form(self, appliance_db: NamedDependency[Database]) -> Template | Redirect:
        return go_to("/sign-in") if queries.is_set_up(appliance_db) else Template("setup.html", context={})

    @post("/setup", sync_to_thread=True, opt=in_threads_for(Kind.SIGN_IN))
    def set_up(
        self,
        request: AnyRequest,
        appliance_db: NamedDependency[Database],
        identity: NamedDependency[Identity],
        now: NamedDependency[float],
        data: Form,
    ) -> Redirect | Template:
        code, name = data.get("code", ""), data.get("name", "")
        try:
            signed_in = site_setup.set_up(
                appliance_db,
                code=code,
                name=name,
                password=data.get("password", ""),
                address=address_of(request),
                agent=agent_of(request),
                now=now,
            )
        except ApplianceError as error:
            return show_again("setup.html", error, code=code, name=name)
        return _enter(request, appliance_db, identity, signed_in, now)

    @get("/join", sync_to_thread=True)
    def join_form(self, code: FromQuery[str] = "") -> Template:
        return Template("join.html", context={"code": code})

    @post("/join", sync_to_thread=True, opt=in_threads_for(Kind.SIGN_IN))
    def join(
        self,
        request: AnyRequest,
        appliance_db: NamedDependency[Database],
        identity: NamedDependency[Identity],
        now: NamedDependency[float],
        data: Form,
    ) -> Redirect | Template:
        code, name = data.get("code", ""), data.get("name", "")
        try:
            signed_in = signing_in.join(
                appliance_db,
                code=code,
                name=name,
                address=address_of(request),
                agent=agent_of(request),
                now=now,
            )
        except ApplianceError as error:
            return show_again("join.html", error, code=code, name=name)
        return _enter(request, appliance_db, identity, signed_in, now)


class AccountPagesController(Controller):
    path = "/account"
    include_in_schema = False
    opt = rule(Permission.MANAGE_ACCOUNT)

    @get(sync_to_thread=True)
    def account(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        identity: NamedDependency[Identity],
        now: NamedDependency[float],
    ) -> Template:
        return Template("account.html", context=_account(appliance_db, me, identity, now))

    @post("/sign-out", sync_to_thread=True, opt=rule(Permission.PUBLIC))
    def sign_out(
        self,
        request: AnyRequest,
        appliance_db: NamedDependency[Database],
        identity: NamedDependency[Identity],
        now: NamedDependency[float],
    ) -> Redirect:
        end_own_session(appliance_db, identity, now)
        return Redirect("/", status_code=303, cookies=[removed_cookie(request)], headers=CLEAR_CACHE)

    @post("/sessions/{session_id:int}/end", sync_to_thread=True)
    def end_session(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        session_id: FromPath[int],
    ) -> Redirect:
        sessions.end_session(appliance_db, person=me.id, session=session_id, now=now)
        return go_to("/account")

    @post("/password", sync_to_thread=True, opt=BROWSER_ONLY | in_threads_for(Kind.SIGN_IN))
    def password(
        self,
        request: AnyRequest,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        identity: NamedDependency[Identity],
        now: NamedDependency[float],
        data: Form,
    ) -> Redirect | Template:
        database, new = appliance_db, data.get("new", "")
        try:
            if me.login is None:
                account = people.new_account_of(me, login=data.get("name", "") or me.name, password=new)
                with database.write() as work:
                    people.take_account(work, me, account)
            else:
                password_changes.change_password(
                    database,
                    person=me,
                    old=data.get("old", ""),
                    new=new,
                    address=address_of(request),
                    session=identity.session.id if identity.session else None,
                    remove_tokens=bool(data.get("remove_tokens")),
                    now=now,
                )
        except ApplianceError as error:
            return show_again("account.html", error, **_account(appliance_db, me, identity, now))
        return go_to(f"/account?changed={'account' if me.login is None else 'password'}")

    @post("/tokens", sync_to_thread=True, opt=BROWSER_ONLY)
    def create_token(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        identity: NamedDependency[Identity],
        now: NamedDependency[float],
        data: Form,
    ) -> Template:
        scopes = [scope for scope in Permission if data.get(f"scope-{scope}")]
        try:
            with appliance_db.write() as work:
                new_token = api_tokens.create_token(
                    work, person=me, name=data.get("name", ""), scopes=scopes, days=365, now=now
                )
        except ApplianceError as error:
            return show_again("account.html", error, **_account(appliance_db, me, identity, now))
        return Template("account.html", context={**_account(appliance_db, me, identity, now), "new_token": new_token})

    @post("/tokens/{token_id:int}/remove", sync_to_thread=True)
    def remove_token(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        token_id: FromPath[int],
    ) -> Redirect:
        with appliance_db.write() as work:
            api_tokens.remove_token(work, person=me.id, token=token_id, now=now)
        return go_to("/account")


def _account(appliance_db: Database, me: Person, identity: Identity, now: float) -> dict[str, Any]:
    return {
        "me": me,
        "sessions": queries.sessions(appliance_db, me.id, now=now),
        "current": identity.session.id if identity.session else None,
        "tokens": queries.api_tokens(appliance_db, me.id),
        "meaning": MEANING,
        "scopes": [
            scope
            for scope in Permission
            if scope is not Permission.PUBLIC and permits(me.role, scope, guests_may_read=True)
        ],
    }
