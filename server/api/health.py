"""The state of the appliance."""

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency

from appliance import __version__
from appliance.community.accounts.permissions import Permission
from appliance.infrastructure.database import Database
from appliance.scripture.derived import DerivedData
from appliance.scripture.search.index import IndexState
from appliance.scripture.translations import queries
from server.http.access import rule


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`status` is `ok`, or `preparing` while the library is empty or its semantic index is not complete."""

    status: str
    version: str
    translations: int
    index: IndexState


class HealthController(Controller):
    path = "/health"
    tags = ("Appliance",)
    opt = rule(Permission.PUBLIC, plain=True)

    @get(sync_to_thread=True, summary="The state of the appliance")
    def health(self, library: NamedDependency[Database], derived: NamedDependency[DerivedData]) -> Health:
        index = derived.index_state()
        return Health(
            status="ok" if index.complete else "preparing",
            version=__version__,
            index=index,
            translations=len(queries.translations(library)),
        )
