"""Disk usage as JSON."""

import shutil

from fakes.small_site import Site, api_routes, assert_refused, read

from server.api.storage import Storage, StorageController

ROUTES = [api_routes(StorageController)]


def test_the_parts_of_the_data_folder_are_listed_largest_first(site: Site) -> None:
    storage = read(site.administrator().get("/api/v1/storage"), Storage)
    sizes = {part.name: part.bytes for part in storage.parts}

    assert {"library.db", "appliance.db", "graph"} <= sizes.keys()
    assert sorted(sizes.values(), reverse=True) == list(sizes.values())
    # The logs of a database are counted with it.
    assert not any(name.endswith(("-wal", "-shm")) for name in sizes)


def test_the_size_of_a_folder_is_that_of_its_files(site: Site) -> None:
    logs = site.appliance.folder.logs
    (logs / "deep").mkdir()
    (logs / "deep" / "web.log").write_bytes(b"x" * 100_000)
    storage = read(site.administrator().get("/api/v1/storage"), Storage)
    shutil.rmtree(logs / "deep")

    assert 100_000 <= next(part.bytes for part in storage.parts if part.name == "logs") < 150_000


def test_the_free_and_total_bytes_are_those_of_the_disk(site: Site) -> None:
    storage = read(site.administrator().get("/api/v1/storage"), Storage)

    assert shutil.disk_usage(site.appliance.folder.home).total == storage.total
    assert 0 < storage.free < storage.total


def test_only_administrators_see_the_storage(site: Site) -> None:
    assert_refused(site.guest.get("/api/v1/storage"), 401, "Sign in to continue.")
    assert_refused(site.leader().get("/api/v1/storage"), 403, "The role leader does not allow this.")
