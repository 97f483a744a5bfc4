"""A full disk and a read-only disk. Both are small file systems in memory, which only root can mount."""

import contextlib
import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fakes.accounts import PASSWORD
from fakes.serving import bearer, port_options, serving

from appliance.community.accounts.permissions import Role
from server.bootstrap import open_appliance

# All verses of a book, because the library rejects an incomplete book.
VERSES = [f"\\v {number} Verse {number} asks that we love one another." for number in range(1, 14)]
USFM = "\n".join(["\\id 2JN", "\\c 1", "\\p", *VERSES])
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MB."""
    if os.getuid() != 0:
        pytest.skip("only root can mount a file system")
    mounted = tmp_path / "disk"
    mounted.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "lampstand-test", str(mounted)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mount.returncode:
        pytest.skip(f"no file system can be mounted: {mount.stderr.strip()}")
    yield mounted
    subprocess.run(["umount", "-l", str(mounted)], check=True)


def fill(folder: Path) -> Path:
    """Fill the disk of a folder completely. Return the file that fills it."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass
    return path


def sign_in(http: httpx.Client, role: Role) -> httpx.Response:
    return http.post("/api/v1/session", json={"name": role.value, "password": PASSWORD})


def test_with_a_full_disk_an_administrator_can_sign_in_and_see_the_disk_usage(disk: Path) -> None:
    home = disk / "home"
    for role in (Role.ADMINISTRATOR, Role.MEMBER):
        bearer(home, role)
    with serving(home) as running:
        filler = fill(home)
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            (disk / "more").write_bytes(b"x" * 4096)
        member = sign_in(running.guest, Role.MEMBER)
        with httpx.Client(base_url=running.url, trust_env=False, timeout=60) as administrator:
            signed_in = sign_in(administrator, Role.ADMINISTRATOR)
            storage = administrator.get("/api/v1/storage").json()
            page = administrator.get("/storage", headers={"accept": "text/html"})
            csrf = {"x-csrf-token": signed_in.json()["csrf_token"]}
            signed_out = administrator.delete("/api/v1/session", headers=csrf)
            after = administrator.get("/api/v1/storage")
        wrong = running.guest.post("/api/v1/session", json={"name": "administrator", "password": "no such password"})
        filler.unlink()
        member_later = sign_in(running.guest, Role.MEMBER)

    assert 503 == member.status_code
    assert "/storage" in member.json()["detail"]
    assert 201 == signed_in.status_code
    assert 0 == storage["free"]
    assert "filler" == storage["parts"][0]["name"]
    assert "filler" in page.text
    assert (200, 401, 401) == (signed_out.status_code, after.status_code, wrong.status_code)
    assert 201 == member_later.status_code


def test_a_server_starts_with_a_full_disk_and_notices_free_space(disk: Path, lampstand: Run) -> None:
    home = disk / "home"
    for role in (Role.ADMINISTRATOR, Role.MEMBER):
        bearer(home, role)
    open_appliance(home).close()
    assert not (home / "appliance.db-wal").exists()
    filler = fill(home)
    doctor = lampstand("doctor", home=home)
    up = lampstand("up", *port_options(), home=home)
    with serving(home) as running:
        administrator = sign_in(running.guest, Role.ADMINISTRATOR)
        running.guest.cookies.clear()
        member = sign_in(running.guest, Role.MEMBER)
        filler.unlink()
        later = sign_in(running.guest, Role.MEMBER)
        session = running.guest.get("/api/v1/session").json()

    assert "0.0 GiB free. The data folder holds filler" in doctor.stdout
    assert 6 == up.returncode
    assert "`lampstand serve`" in up.stderr
    assert (201, 503, 201) == (administrator.status_code, member.status_code, later.status_code)
    assert "member" == session["role"]


@pytest.fixture
def read_only(disk: Path, lampstand: Run) -> Path:
    """A data folder with one book and an administrator, on a read-only file system."""
    home, file = disk / "home", disk / "letter.usfm"
    file.write_text(USFM, encoding="utf-8")
    result = lampstand("library", "import", str(file), "--no-index", home=home)
    assert result.returncode == 0, result.stderr
    bearer(home)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    return home


def test_commands_can_read_a_read_only_folder(read_only: Path, lampstand: Run) -> None:
    for command in (("read", "2 John 5"), ("search", "verse 5"), ("search", "love", "--mode", "keyword")):
        result = lampstand(*command, home=read_only)
        assert "love one another" in result.stdout, result.stderr
    assert "(13 verses)" in lampstand("status", home=read_only).stdout
    assert 0 == lampstand("jobs", "list", home=read_only).returncode


def test_a_command_that_cannot_write_reports_it(read_only: Path, lampstand: Run) -> None:
    cancelled = lampstand("jobs", "cancel", "1", home=read_only)
    up = lampstand("up", *port_options(), home=read_only)

    assert (2, 2) == (cancelled.returncode, up.returncode)
    assert "on a file system that is read-only" in cancelled.stderr
    assert "is read-only" in up.stderr
    assert "`lampstand serve`" in up.stderr


def test_a_read_only_folder_can_be_served(read_only: Path) -> None:
    with serving(read_only) as running:
        passage = running.guest.get("/api/v1/passages", params={"ref": "2 John 1:5"})
        search = running.guest.get("/api/v1/search", params={"q": "love"})
        home_page = running.guest.get("/", headers={"accept": "text/html"})
        with httpx.Client(base_url=running.url, trust_env=False, timeout=60) as administrator:
            signed_in = sign_in(administrator, Role.ADMINISTRATOR)
            refused = administrator.put(
                "/api/v1/site",
                json={"guests_may_read": False},
                headers={"x-csrf-token": signed_in.json()["csrf_token"]},
            )
        running.process.terminate()
        output, _ = running.process.communicate(timeout=60)

    assert "Verse 5 asks" in passage.text
    assert "love one another" in search.text
    assert 200 == home_page.status_code
    assert 201 == signed_in.status_code
    assert 400 == refused.status_code
    assert "read-only" in refused.json()["detail"]
    assert "Traceback" not in output
