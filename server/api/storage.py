"""What fills the disk: the parts of the data folder."""

import shutil

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.response import Template

from appliance.community.accounts.permissions import Permission
from appliance.infrastructure.space import StoragePart, in_words, parts_of
from server.bootstrap import Appliance
from server.http.access import rule


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of the disk, and the parts of the data folder, the largest first."""

    free: int
    total: int
    parts: list[StoragePart]


def storage_of(appliance: Appliance) -> Storage:
    usage = shutil.disk_usage(appliance.folder.home)
    return Storage(free=usage.free, total=usage.total, parts=parts_of(appliance.folder))


class StorageController(Controller):
    path = "/storage"
    tags = ("Appliance",)
    opt = rule(Permission.ADMINISTER)

    @get(sync_to_thread=True, summary="Disk usage of the data folder")
    def storage(self, appliance: NamedDependency[Appliance]) -> Storage:
        return storage_of(appliance)


class StoragePageController(Controller):
    path = "/storage"
    include_in_schema = False
    opt = rule(Permission.ADMINISTER)

    @get(sync_to_thread=True)
    def page(self, appliance: NamedDependency[Appliance]) -> Template:
        storage = storage_of(appliance)
        parts = [{"name": part.name, "size": in_words(part.bytes)} for part in storage.parts]
        return Template(
            "storage.html",
            context={
                "free": in_words(storage.free),
                "total": in_words(storage.total),
                "parts": parts,
                "home": str(appliance.folder.home),
            },
        )
