"""The pages for signing in, joining, set-up and one's account. Their forms work without JavaScript."""

from typing import Any
from urllib.parse import urlsplit

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect, Template

from appliance.community.accounts import entry, operations, queries
from appliance.community.accounts.permissions import MEANING, Permission, permits
from appliance.community.accounts.person import Identity, Person
from appliance.errors import ApplianceError
from server.api.accounts import BROWSER_ONLY, CLEAR, agent_of, end_own_session, signed_in, signed_out
from server.bootstrap import Appliance
from server.errors import problem_of
from server.http.access import address_of, rule
from server.http.threads import Kind, in_threads_for

AnyRequest = Request[Any, Any, Any]
Form = URLEncodedBody[dict[str, str]]


def inside(target: str) -> str:
    """An address of our own to go on to: nobody is sent to another site by a link to the sign-in page."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return target if ours else "/"


def again(page: str, error: ApplianceError, **context: Any) -> Template:
    """A form with what was wrong with it."""
    problem = problem_of(error)
    headers = {"Retry-After": str(problem.retry_after_s)} if problem.retry_after_s else {}
    return Template(page, context={"problem": str(error), **context}, status_code=problem.status, headers=headers)


def go(target: str) -> Redirect:
    return Redirect(target, status_code=303)


def _enter(
    request: AnyRequest, appliance: Appliance, who: Identity, entered: operations.SignedIn, target: str = "/"
) -> Redirect:
    """Go on as somebody who has just come in; what this browser was signed in as before is over."""
    end_own_session(appliance, who)
    return Redirect(target, status_code=303, cookies=[signed_in(request, entered.token)])


class EntryPagesController(Controller):
    include_in_schema = False
    opt = rule(Permission.ENTER)

    @get("/sign-in", sync_to_thread=True)
    def sign_in_form(
        self, appliance: NamedDependency[Appliance], next_page: FromQuery[str] = "/"
    ) -> Template | Redirect:
        if not queries.is_set_up(appliance.appliance_db):
            return go("/setup")
        return Template("sign_in.html", context={"next_page": inside(next_page)})

    @post("/sign-in", sync_to_thread=True, opt=in_threads_for(Kind.SIGN_IN))
    def sign_in(
        self,
        request: AnyRequest,
        appliance: NamedDependency[Appliance],
        who: NamedDependency[Identity],
        data: Form,
    ) -> Redirect | Template:
        name, target = data.get("name", ""), inside(data.get("next_page", "/"))
        try:
            entered = operations.sign_in(
                appliance.appliance_db,
                login=name,
                password=data.get("password", ""),
                address=address_of(request),
                agent=agent_of(request),
            )
        except ApplianceError as error:
            return again("sign_in.html", error, name=name, next_page=target)
        return _enter(request, appliance, who, entered, target)

    @get("/setup", sync_to_thread=True)
    def setup_form(self, appliance: NamedDependency[Appliance]) -> Template | Redirect:
        return go("/sign-in") if queries.is_set_up(appliance.appliance_db) else Template("setup.html", context={})

    @post("/setup", sync_to_thread=True, opt=in_threads_for(Kind.SIGN_IN))
    def set_up(
        self,
        request: AnyRequest,
        appliance: NamedDependency[Appliance],
        who: NamedDependency[Identity],
        data: Form,
    ) -> Redirect | Template:
        code, name = data.get("code", ""), data.get("name", "")
        try:
            entered = operations.set_up(
                appliance.appliance_db,
                code=code,
                name=name,
                password=data.get("password", ""),
                address=address_of(request),
                agent=agent_of(request),
            )
        except ApplianceError as error:
            return again("setup.html", error, code=code, name=name)
        return _enter(request, appliance, who, entered)

    @get("/join", sync_to_thread=True)
    def join_form(self, code: FromQuery[str] = "") -> Template:
        return Template("join.html", context={"code": code})

    @post("/join", sync_to_thread=True, opt=in_threads_for(Kind.SIGN_IN))
    def join(
        self,
        request: AnyRequest,
        appliance: NamedDependency[Appliance],
        who: NamedDependency[Identity],
        data: Form,
    ) -> Redirect | Template:
        code, name = data.get("code", ""), data.get("name", "")
        try:
            entered = operations.join(
                appliance.appliance_db, code=code, name=name, address=address_of(request), agent=agent_of(request)
            )
        except ApplianceError as error:
            return again("join.html", error, code=code, name=name)
        return _enter(request, appliance, who, entered)


class AccountPagesController(Controller):
    path = "/account"
    include_in_schema = False
    opt = rule(Permission.OWN)

    @get(sync_to_thread=True)
    def account(
        self, appliance: NamedDependency[Appliance], me: NamedDependency[Person], who: NamedDependency[Identity]
    ) -> Template:
        return Template("account.html", context=_account(appliance, me, who))

    @post("/sign-out", sync_to_thread=True, opt=rule(Permission.ENTER))
    def sign_out(
        self, request: AnyRequest, appliance: NamedDependency[Appliance], who: NamedDependency[Identity]
    ) -> Redirect:
        end_own_session(appliance, who)
        return Redirect("/", status_code=303, cookies=[signed_out(request)], headers=CLEAR)

    @post("/sessions/{session_id:int}/end", sync_to_thread=True)
    def end_session(
        self, appliance: NamedDependency[Appliance], me: NamedDependency[Person], session_id: FromPath[int]
    ) -> Redirect:
        operations.end_session(appliance.appliance_db, person=me.id, session=session_id)
        return go("/account")

    @post("/password", sync_to_thread=True, opt=BROWSER_ONLY | in_threads_for(Kind.SIGN_IN))
    def password(
        self,
        request: AnyRequest,
        appliance: NamedDependency[Appliance],
        me: NamedDependency[Person],
        who: NamedDependency[Identity],
        data: Form,
    ) -> Redirect | Template:
        database, new = appliance.appliance_db, data.get("new", "")
        try:
            if me.login is None:
                operations.take_account(database, person=me, login=data.get("name", "") or me.name, password=new)
            else:
                operations.change_password(
                    database,
                    person=me,
                    old=data.get("old", ""),
                    new=new,
                    address=address_of(request),
                    session=who.session.id if who.session else None,
                    remove_tokens=bool(data.get("remove_tokens")),
                )
        except ApplianceError as error:
            return again("account.html", error, **_account(appliance, me, who))
        return go(f"/account?changed={'account' if me.login is None else 'password'}")

    @post("/tokens", sync_to_thread=True, opt=BROWSER_ONLY)
    def create_token(
        self,
        appliance: NamedDependency[Appliance],
        me: NamedDependency[Person],
        who: NamedDependency[Identity],
        data: Form,
    ) -> Template:
        scopes = [each for each in Permission if data.get(f"scope-{each}")]
        try:
            made = entry.create_token(
                appliance.appliance_db, person=me, name=data.get("name", ""), scopes=scopes, days=365
            )
        except ApplianceError as error:
            return again("account.html", error, **_account(appliance, me, who))
        return Template("account.html", context={**_account(appliance, me, who), "made": made})

    @post("/tokens/{token_id:int}/remove", sync_to_thread=True)
    def remove_token(
        self, appliance: NamedDependency[Appliance], me: NamedDependency[Person], token_id: FromPath[int]
    ) -> Redirect:
        entry.remove_token(appliance.appliance_db, person=me.id, token=token_id)
        return go("/account")


def _account(appliance: Appliance, me: Person, who: Identity) -> dict[str, Any]:
    return {
        "me": me,
        "sessions": queries.sessions(appliance.appliance_db, me.id),
        "current": who.session.id if who.session else None,
        "tokens": queries.api_tokens(appliance.appliance_db, me.id),
        "meaning": MEANING,
        "scopes": [
            each for each in Permission if each is not Permission.ENTER and permits(me.role, each, guests_may_read=True)
        ],
    }
