"""Intact and damaged data files of SWORD modules."""

import zlib
from pathlib import Path

import pytest
from fakes.sword_modules import copy_module, import_from

from appliance.infrastructure.database import Database
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.importers.sword.blocks import MAX_BLOCK_BYTES, inflate
from appliance.scripture.importers.validation import TextFaulty


@pytest.mark.parametrize("broken", ["ot.bzv", "ot.bzs", "ot.bzz", "nt.bzz"])
def test_an_incomplete_module_does_not_change_the_library(
    library: Database, sword_root: Path, tmp_path: Path, broken: str
) -> None:
    data = copy_module(sword_root, tmp_path / "module")
    whole = (data / broken).read_bytes()
    (data / broken).write_bytes(whole[: len(whole) // 2])

    with pytest.raises((SourceUnreadable, TextFaulty)) as raised:
        import_from(library, tmp_path / "module")

    assert raised.value.remedy
    assert 0 == library.reader.value("SELECT count(*) FROM verses")


def test_the_error_names_a_missing_file(library: Database, sword_root: Path, tmp_path: Path) -> None:
    data = copy_module(sword_root, tmp_path / "module")
    (data / "nt.bzz").unlink()

    with pytest.raises(SourceUnreadable, match=r"nt\.bzz of engKJV2006eb"):
        import_from(library, tmp_path / "module")


def test_a_decompression_bomb_is_refused(library: Database, sword_root: Path, tmp_path: Path) -> None:
    data = copy_module(sword_root, tmp_path / "module")
    bomb = zlib.compress(b"\0" * (MAX_BLOCK_BYTES + 1), 9)
    (data / "ot.bzz").write_bytes(bomb)
    index = bytearray((data / "ot.bzs").read_bytes())
    for at in range(0, len(index), 12):
        index[at : at + 8] = (0).to_bytes(4, "little") + len(bomb).to_bytes(4, "little")
    (data / "ot.bzs").write_bytes(bytes(index))

    with pytest.raises(SourceUnreadable, match="64 MiB"):
        import_from(library, tmp_path / "module")


def test_a_block_is_unpacked() -> None:
    assert b"light" == inflate(zlib.compress(b"light"), "Small")


@pytest.mark.parametrize(
    ("data", "reason"), [(b"light", "cannot be unpacked"), (zlib.compress(b"light")[:-5], "is incomplete")]
)
def test_a_damaged_block_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(SourceUnreadable, match=f"A block of Small .*{reason}"):
        inflate(data, "Small")
