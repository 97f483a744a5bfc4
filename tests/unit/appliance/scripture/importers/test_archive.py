"""Archives from untrusted sources."""

import shutil
import stat
import zipfile
from pathlib import Path

import pytest
from fakes.tiny_sword import SwordPlace, write_verses

from appliance.infrastructure.database import Database
from appliance.scripture.importers import archive
from appliance.scripture.importers.archive import ArchiveRefused, unpack
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.operations import import_source
from appliance.scripture.translations import queries


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/outside", "a/../../outside", "..\\outside.txt", "C:/outside"])
def test_a_path_outside_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    packed = tmp_path / "a.zip"
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(zipfile.ZipInfo(name), "x")
    (tmp_path / "into").mkdir()

    with pytest.raises(ArchiveRefused, match="outside its own folder"):
        unpack(packed, tmp_path / "into")
    assert not list((tmp_path / "into").rglob("*"))


def test_a_link_is_refused(tmp_path: Path) -> None:
    packed = tmp_path / "a.zip"
    link = zipfile.ZipInfo("passwords")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(link, "/etc/passwd")
    (tmp_path / "into").mkdir()

    with pytest.raises(ArchiveRefused, match="link"):
        unpack(packed, tmp_path / "into")


def test_a_decompression_bomb_is_stopped_by_the_written_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 1 << 20)
    packed = tmp_path / "bomb.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", b"\0" * (64 << 20))
    (tmp_path / "into").mkdir()

    with pytest.raises(ArchiveRefused, match="unpacks to more than"):
        unpack(packed, tmp_path / "into")
    assert (tmp_path / "into" / "zeros").stat().st_size <= 1 << 20


def test_an_incomplete_archive_is_refused(tmp_path: Path) -> None:
    packed = tmp_path / "half.zip"
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("a", "x" * 10_000)
    packed.write_bytes(packed.read_bytes()[:5_000])
    (tmp_path / "into").mkdir()

    with pytest.raises(ArchiveRefused, match="not a complete zip"):
        unpack(packed, tmp_path / "into")


def test_a_zipped_module_is_imported(library: Database, tmp_path: Path) -> None:
    verses: dict[SwordPlace, str] = {("2John", 1, verse): f"Lamp {verse} burns." for verse in range(1, 14)}
    write_verses(tmp_path / "module", verses)
    packed = shutil.make_archive(str(tmp_path / "Small"), "zip", tmp_path / "module")

    with open_sources(packed) as (source,):
        import_source(library, source)

    assert 13 == queries.find_translation(library, "Small").verses
