"""The configuration of SWORD modules."""

from pathlib import Path

import msgspec
import pytest

from appliance.scripture.importers.detect import open_sources
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.importers.sword.configuration import (
    Configuration,
    check_readable,
    digest_of,
    files_of,
    read_configurations,
)

CONFIGURATION = """[Small]
# A comment
DataPath=./modules/texts/ztext/small/
ModDrv=zText
Description=A small text
Description=Another
About=One line,\\
 and\\par {the} next
"""


def configured(root: Path, text: str | bytes = CONFIGURATION) -> Configuration:
    (root / "mods.d").mkdir()
    (root / "mods.d" / "file.conf").write_bytes(text if isinstance(text, bytes) else text.encode())
    (configuration,) = read_configurations(root)
    return configuration


def test_the_first_value_of_a_key_counts_in_any_case(tmp_path: Path) -> None:
    configuration = configured(tmp_path)

    assert ("Small", "A small text", "zText") == (
        configuration.module,
        configuration.value("description"),
        configuration.value("MODDRV"),
    )
    assert "?" == configuration.value("Lang", "?")
    assert ("SWORD module Small", "One line, and the next") == (configuration.origin, configuration.attribution)
    assert tmp_path / "modules/texts/ztext/small" == configuration.data_path


def test_the_file_name_replaces_a_missing_heading_and_latin_1_is_accepted(tmp_path: Path) -> None:
    configuration = configured(tmp_path, "Description=Señor".encode("latin-1"))

    assert ("file", "Señor") == (configuration.module, configuration.value("Description"))


@pytest.mark.parametrize(
    ("more", "licence"),
    [
        ("", "Not stated by the module"),
        ("About=In the Public Domain.\n", "Public Domain"),
        ("About=De dominio público.\n", "Public Domain"),
        ("About=Public Domain\nDistributionLicense=CC BY\n", "CC BY"),
    ],
)
def test_the_licence_is_stated_or_taken_from_the_description(tmp_path: Path, more: str, licence: str) -> None:
    assert licence == configured(tmp_path, f"[Small]\n{more}").licence


@pytest.mark.parametrize(
    ("text", "language"), [("[engX]\nLang=fr\n", "fr"), ("[engX]\n", "en"), ("[spaX]\n", "es"), ("[Small]\n", "und")]
)
def test_the_language_is_stated_or_taken_from_the_name(tmp_path: Path, text: str, language: str) -> None:
    assert language == configured(tmp_path, text).language


@pytest.mark.parametrize("line", ["SourceType=ThML", "CompressType=LZSS", "CipherKey=abc"])
def test_unsupported_modules_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(SourceUnreadable, match="The module Small"):
        check_readable(configured(tmp_path, f"[Small]\n{line}\n"))


def test_a_folder_without_configurations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="contains no SWORD module"):
        read_configurations(tmp_path)


def test_the_digest_changes_with_the_files_and_the_configuration(tmp_path: Path) -> None:
    configuration = configured(tmp_path)
    data = tmp_path / "modules/texts/ztext/small"
    data.mkdir(parents=True)
    (data / "ot.bzz").write_bytes(b"1")
    before = digest_of(configuration)
    renamed = msgspec.structs.replace(configuration, values=configuration.values | {"description": "Another"})

    assert before != digest_of(renamed)
    (data / "ot.bzz").write_bytes(b"2")
    assert before != digest_of(configuration)


def test_the_files_of_a_folder_are_sorted_without_subfolders(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"")
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "c").mkdir()

    assert ["a", "b"] == [path.name for path in files_of(tmp_path)]
    assert [] == files_of(tmp_path / "nowhere")


def test_a_module_with_data_outside_its_folder_is_refused(tmp_path: Path) -> None:
    configured(tmp_path, CONFIGURATION.replace("./modules/texts/ztext/small/", "../../../etc/"))

    with pytest.raises(SourceUnreadable, match="outside its own folder"), open_sources(str(tmp_path)):
        pass
