"""Disk usage of the data folder."""

from pathlib import Path

from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.space import in_words, parts_of


def test_parts_are_ordered_by_size_and_a_log_is_counted_with_its_database(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path).create()
    (folder.models / "deep").mkdir()
    (folder.models / "deep" / "m.gguf").write_bytes(bytes(300_000))
    folder.library_db.write_bytes(bytes(50_000))
    folder.library_db.with_name("library.db-wal").write_bytes(bytes(50_000))
    (folder.home / "elsewhere").symlink_to("/usr")
    parts = parts_of(folder)

    assert ["models", "library.db"] == [part.name for part in parts]
    assert parts[0].bytes >= 300_000
    assert parts[1].bytes >= 100_000
    assert [] == parts_of(DataFolder(tmp_path / "none"))


def test_sizes_are_formatted_with_a_unit() -> None:
    assert ["512 bytes", "1.0 KiB", "1.5 MiB", "2.0 GiB"] == [in_words(size) for size in (512, 1024, 3 * 2**19, 2**31)]
