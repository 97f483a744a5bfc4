"""Disk usage of the parts of the data folder."""

import shutil

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency

from appliance.community.accounts.permissions import Permission
from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.space import StoragePart, parts_of
from server.http.access import rule


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    """Free and total bytes of the disk, and the parts of the data folder, the largest first."""

    free: int
    total: int
    parts: list[StoragePart]


def storage_of(folder: DataFolder) -> Storage:
    """Measure the data folder and its disk."""
    usage = shutil.disk_usage(folder.home)
    return Storage(free=usage.free, total=usage.total, parts=parts_of(folder))


class StorageController(Controller):
    path = "/storage"
    tags = ("Appliance",)
    opt = rule(Permission.ADMINISTER)

    @get(sync_to_thread=True, summary="Disk usage of the data folder")
    def storage(self, folder: NamedDependency[DataFolder]) -> Storage:
        return storage_of(folder)
