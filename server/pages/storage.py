"""The page of storage: free space, and the size of each part of the data folder."""

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.response import Template

from appliance.community.accounts.permissions import Permission
from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.space import in_words
from server.api.storage import storage_of
from server.http.access import rule


class StoragePagesController(Controller):
    path = "/storage"
    include_in_schema = False
    opt = rule(Permission.ADMINISTER)

    @get(sync_to_thread=True)
    def storage(self, folder: NamedDependency[DataFolder]) -> Template:
        storage = storage_of(folder)
        return Template(
            "storage.html",
            context={
                "free": in_words(storage.free),
                "total": in_words(storage.total),
                "parts": [{"name": part.name, "size": in_words(part.bytes)} for part in storage.parts],
                "home": str(folder.home),
            },
        )
