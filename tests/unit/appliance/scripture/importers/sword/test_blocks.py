"""Intact and damaged data files of SWORD modules."""

import zlib
from pathlib import Path

import pytest
from fakes.tiny_sword import write_verses

from appliance.infrastructure.database import Database
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.importers.sword.blocks import MAX_BLOCK_BYTES, inflate
from appliance.scripture.importers.validation import TextFaulty
from appliance.scripture.operations import import_source
from appliance.scripture.translations import queries

OBADIAH, SECOND_JOHN = 21, 13


def write_module(root: Path) -> Path:
    """Write a module with one short book of each testament. Return the folder of its data files."""
    write_verses(root, {("Obad", 1, verse): f"Lamp {verse} burns." for verse in range(1, OBADIAH + 1)})
    write_verses(root, {("2John", 1, verse): f"Hall {verse} is bright." for verse in range(1, SECOND_JOHN + 1)})
    return root / "data"


def write_one_testament(root: Path) -> Path:
    """Write a module with one short book. Return the folder of its data files."""
    write_verses(root, {("2John", 1, verse): f"Hall {verse} is bright." for verse in range(1, SECOND_JOHN + 1)})
    return root / "data"


def import_module(library: Database, root: Path) -> None:
    with open_sources(str(root)) as (source,):
        import_source(library, source)


def test_both_testaments_of_a_module_are_imported(library: Database, tmp_path: Path) -> None:
    write_module(tmp_path / "module")

    import_module(library, tmp_path / "module")

    assert OBADIAH + SECOND_JOHN == queries.find_translation(library, "Small").verses


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("nt.bzv", r"The verse index of Small \(nt\.bzv\) does not match"),
        ("nt.bzs", "Small refers to a missing block"),
        ("nt.bzz", "A block of Small is incomplete"),
    ],
)
def test_an_incomplete_module_does_not_change_the_library(
    library: Database, tmp_path: Path, broken: str, reason: str
) -> None:
    data = write_one_testament(tmp_path / "module")
    halve(data / broken)

    with pytest.raises((SourceUnreadable, TextFaulty), match=reason) as raised:
        import_module(library, tmp_path / "module")

    assert raised.value.remedy
    assert 0 == library.reader.value("SELECT count(*) FROM verses")


def test_an_incomplete_second_testament_does_not_change_the_library(library: Database, tmp_path: Path) -> None:
    data = write_module(tmp_path / "module")
    halve(data / "nt.bzz")

    with pytest.raises(SourceUnreadable, match="A block of Small is incomplete"):
        import_module(library, tmp_path / "module")

    assert 0 == library.reader.value("SELECT count(*) FROM verses")


def halve(path: Path) -> None:
    whole = path.read_bytes()
    # An odd size, so that the last entry of an index is incomplete.
    path.write_bytes(whole[: len(whole) // 2 | 1])


def test_the_error_names_a_missing_file(library: Database, tmp_path: Path) -> None:
    data = write_one_testament(tmp_path / "module")
    (data / "nt.bzz").unlink()

    with pytest.raises(SourceUnreadable, match=r"nt\.bzz of Small"):
        import_module(library, tmp_path / "module")


def test_a_decompression_bomb_is_refused(library: Database, tmp_path: Path) -> None:
    data = write_one_testament(tmp_path / "module")
    bomb = zlib.compress(b"\0" * (MAX_BLOCK_BYTES + 1), 1)
    (data / "nt.bzz").write_bytes(bomb)
    index = bytearray((data / "nt.bzs").read_bytes())
    index[:8] = (0).to_bytes(4, "little") + len(bomb).to_bytes(4, "little")
    (data / "nt.bzs").write_bytes(bytes(index))

    with pytest.raises(SourceUnreadable, match="64 MiB"):
        import_module(library, tmp_path / "module")


def test_a_block_is_unpacked() -> None:
    assert b"light" == inflate(zlib.compress(b"light"), "Small")


@pytest.mark.parametrize(
    ("data", "reason"), [(b"light", "cannot be unpacked"), (zlib.compress(b"light")[:-5], "is incomplete")]
)
def test_a_damaged_block_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(SourceUnreadable, match=f"A block of Small .*{reason}"):
        inflate(data, "Small")
