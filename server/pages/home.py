"""The home page, the page of sources and licences, and the error page."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from litestar import Controller, MediaType, Request, Response, get
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from appliance.community.accounts import queries as accounts
from appliance.community.accounts.permissions import Permission
from appliance.infrastructure.database import Database
from appliance.infrastructure.exposed_keys import EXPOSED_KEYS, RENEW_KEYS
from appliance.infrastructure.site_certificate import SiteCertificate
from appliance.scripture.derived import DerivedData
from appliance.scripture.kinds import DATA_SETS, DICTIONARIES
from appliance.scripture.library.queries import installed
from appliance.scripture.search.service import Finder
from appliance.scripture.translations import queries as translations
from server.http.access import rule
from server.http.problems import Problem


@runtime_checkable
class InstalledModels(Protocol):
    """The models on this machine, each with its licence."""

    def models(self) -> Sequence[Any]: ...


def problem_page(problem: Problem) -> Response[Any]:
    """An error as a page."""
    return Template("problem.html", context={"problem": problem}, status_code=problem.status)


class HomePagesController(Controller):
    include_in_schema = False
    opt = rule(Permission.READ)

    @get("/", sync_to_thread=True)
    def home(
        self,
        finder: NamedDependency[Finder],
        library: NamedDependency[Database],
        derived: NamedDependency[DerivedData],
        appliance_db: NamedDependency[Database],
        certificate: NamedDependency[SiteCertificate],
    ) -> Template:
        finder.prepare()
        return Template(
            "home.html",
            context={
                "translations": translations.translations(library),
                "index": derived.index_state(),
                "set_up": accounts.is_set_up(appliance_db),
                "warnings": [f"{EXPOSED_KEYS} {RENEW_KEYS}"] if certificate.keys_are_exposed else [],
            },
        )

    @get("/about", sync_to_thread=True, opt=rule(Permission.PUBLIC, plain=True))
    def about(self, library: NamedDependency[Database], catalogue: NamedDependency[InstalledModels]) -> Template:
        return Template(
            "about.html",
            context={
                "translations": translations.translations(library),
                "dictionaries": installed(library, *DICTIONARIES),
                "data_sets": installed(library, *DATA_SETS),
                "models": catalogue.models(),
            },
        )

    @get("/favicon.ico", media_type=MediaType.TEXT, opt=rule(Permission.PUBLIC, plain=True))
    async def favicon(self, request: Request[Any, Any, Any]) -> Redirect:  # noqa: ARG002 - browsers ask for it by themselves
        return Redirect("/static/lamp.svg")
