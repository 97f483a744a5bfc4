"""Debian's SWORD modules, and what becomes of damaged ones."""

import shutil
import zlib
from pathlib import Path

import pytest

from appliance.infrastructure.database import Database
from appliance.scripture.canon import one_verse
from appliance.scripture.dictionaries import queries as dictionaries
from appliance.scripture.importers.detect import SourceNotFound, open_sources
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.importers.sword.blocks import MAX_BLOCK_BYTES
from appliance.scripture.importers.validation import TextFaulty
from appliance.scripture.kinds import DICTIONARIES
from appliance.scripture.library.queries import installed
from appliance.scripture.operations import import_source
from appliance.scripture.references import parse_reference
from appliance.scripture.translations import queries
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.verse import HeadingKind, SpanKind, Verse
from server.bootstrap import LIBRARY_MIGRATIONS


def verse(database: Database, reference: str, translation: str = "WEB") -> Verse:
    (found,) = queries.passage(database, parse_reference(reference), [queries.find_translation(database, translation)])
    return found.verses[translation]


@pytest.mark.parametrize(("translation", "count"), [("WEB", 37_457), ("KJV", 31_102), ("RV1909", 31_084)])
def test_every_verse_is_there(full_library: Database, translation: str, count: int) -> None:
    assert count == queries.find_translation(full_library, translation).verses


@pytest.mark.parametrize(
    ("reference", "translation", "text"),
    [
        (
            "John 3:16",
            "WEB",
            "For God so loved the world, that he gave his only born Son, that whoever believes in him should not perish, but have eternal life.",
        ),
        ("Gen 1:1", "WEB", "In the beginning, God created the heavens and the earth."),
        ("Rev 22:21", "WEB", "The grace of the Lord Jesus Christ be with all the saints. Amen."),
        (
            "Dan 2:1",
            "WEB",
            "In the second year of the reign of Nebuchadnezzar, Nebuchadnezzar dreamed dreams; and his spirit was troubled, and his sleep went from him.",
        ),
        (
            "Exod 6:3",
            "KJV",
            "And I appeared unto Abraham, unto Isaac, and unto Jacob, by the name of God Almighty, but by my name JEHOVAH was I not known to them.",
        ),
        ("Gen 1:1", "RV1909", "EN el principio crió Dios los cielos y la tierra."),
        (
            "Gen 5:3",
            "RV1909",
            "Y vivió Adam ciento y treinta años, y engendró un hijo á su semejanza, conforme á su imagen, y llamó su nombre Seth.",
        ),
    ],
)
def test_the_text_reads_as_printed(full_library: Database, reference: str, translation: str, text: str) -> None:
    assert text == verse(full_library, reference, translation).text


def test_the_yahweh_god_of_genesis_is_two_words(full_library: Database) -> None:
    assert "Yahweh God made the earth" in verse(full_library, "Gen 2:4").text


def test_no_text_has_markup_or_fused_words(full_library: Database) -> None:
    rows = full_library.reader.rows(
        "SELECT translation, verse_id, text FROM verses WHERE text GLOB '*[<>{}\\]*' OR text GLOB '*[a-z],[a-z]*'"
    )

    assert [] == rows


def test_what_stands_beside_the_words(full_library: Database) -> None:
    john, psalm, exodus = (verse(full_library, ref) for ref in ("John 3:16", "Ps 3:1", "John 3:16"))

    assert ("G25",) == next(w.strongs for w in john.markup.words if john.text[w.start : w.end] == "loved")
    assert {SpanKind.JESUS} == {span.kind for span in john.markup.spans}
    assert "only begotten" in john.markup.notes[0].text
    assert [(HeadingKind.PSALM, "A Psalm by David, when he fled from Absalom his son.")] == [
        (h.kind, h.text) for h in psalm.markup.headings
    ]
    assert exodus == john
    assert SpanKind.DIVINE_NAME in {span.kind for span in verse(full_library, "Gen 2:4", "KJV").markup.spans}


def test_dictionaries(full_library: Database) -> None:
    entries = {each.id: each.entries for each in installed(full_library, *DICTIONARIES)}
    topics, headwords = full_library.reader.rows("SELECT count(*), count(DISTINCT headword) FROM topics")[0]

    assert {"Nave": 5_322, "StrongsGreek": 5_624, "StrongsHebrew": 8_675} == entries
    assert (5_322, 5_320) == (topics, headwords)
    assert "μονογενής" == dictionaries.lexicon_entry(full_library, "G3439").lemma
    assert "אלהים" == dictionaries.lexicon_entry(full_library, "H0430").lemma
    assert "feminine ἡ" in dictionaries.lexicon_entry(full_library, "G3588").definition
    assert "CARE" in {each.topic for each in dictionaries.citing_topics(full_library, one_verse(40_006_034)).items}


def test_nave_headings_stand_under_the_line_above_them(full_library: Database) -> None:
    (row,) = full_library.reader.rows(
        "SELECT c.heading FROM topic_citations c JOIN topics t ON t.id = c.topic WHERE t.headword = 'GIBEAH' AND c.start = 7019012"
    )

    assert "OF SAUL: The people's wickedness" == row[0]


def copy_module(sword_root: Path, into: Path, module: str = "engKJV2006eb") -> Path:
    data = Path("modules/texts/ztext") / module
    (into / "mods.d").mkdir(parents=True)
    shutil.copy(sword_root / "mods.d" / f"{module}.conf", into / "mods.d")
    shutil.copytree(sword_root / data, into / data)
    return into / data


def import_from(library: Database, location: Path) -> None:
    with open_sources(str(location)) as sources:
        for source in sources:
            import_source(library, source)


def test_importing_twice_changes_nothing(full_library_path: Path, sword_root: Path, tmp_path: Path) -> None:
    copy_module(sword_root, tmp_path / "module")
    shutil.copy(full_library_path, tmp_path / "library.db")
    library = Database(tmp_path / "library.db", LIBRARY_MIGRATIONS)
    with open_sources(str(tmp_path / "module")) as sources:
        again = import_source(library, sources[0])

    assert not again.changed
    assert 31_102 == queries.find_translation(library, "KJV").verses
    library.close()


@pytest.mark.parametrize("broken", ["ot.bzv", "ot.bzs", "ot.bzz", "nt.bzz"])
def test_a_truncated_module_leaves_the_library_as_it_was(
    library: Database, sword_root: Path, tmp_path: Path, broken: str
) -> None:
    data = copy_module(sword_root, tmp_path / "module")
    whole = (data / broken).read_bytes()
    (data / broken).write_bytes(whole[: len(whole) // 2])

    with pytest.raises((SourceUnreadable, TextFaulty)) as raised:
        import_from(library, tmp_path / "module")

    assert raised.value.remedy
    assert 0 == library.reader.value("SELECT count(*) FROM verses")


def test_a_missing_file_is_named(library: Database, sword_root: Path, tmp_path: Path) -> None:
    data = copy_module(sword_root, tmp_path / "module")
    (data / "nt.bzz").unlink()

    with pytest.raises(SourceUnreadable, match=r"nt\.bzz of engKJV2006eb"):
        import_from(library, tmp_path / "module")


def test_a_block_that_inflates_without_end_is_refused(library: Database, sword_root: Path, tmp_path: Path) -> None:
    data = copy_module(sword_root, tmp_path / "module")
    bomb = zlib.compress(b"\0" * (MAX_BLOCK_BYTES + 1), 9)
    (data / "ot.bzz").write_bytes(bomb)
    index = bytearray((data / "ot.bzs").read_bytes())
    for at in range(0, len(index), 12):
        index[at : at + 8] = (0).to_bytes(4, "little") + len(bomb).to_bytes(4, "little")
    (data / "ot.bzs").write_bytes(bytes(index))

    with pytest.raises(SourceUnreadable, match="64 MiB"):
        import_from(library, tmp_path / "module")


def test_a_module_that_points_outside_itself_is_refused(library: Database, sword_root: Path, tmp_path: Path) -> None:
    copy_module(sword_root, tmp_path / "module")
    conf = tmp_path / "module" / "mods.d" / "engKJV2006eb.conf"
    conf.write_text(conf.read_text().replace("./modules/texts/ztext/engKJV2006eb/", "../../../etc/"))

    with pytest.raises(SourceUnreadable, match="outside its own folder"):
        import_from(library, tmp_path / "module")


def test_a_folder_without_modules_says_what_is_read(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="holds nothing that can be read"), open_sources(str(tmp_path)):
        pass


def test_nothing_at_a_path_says_so() -> None:
    with pytest.raises(SourceNotFound), open_sources("/nowhere/at/all.zip"):
        pass


def test_a_module_reads_as_a_text(sword_root: Path) -> None:
    with open_sources(str(sword_root), only=frozenset({"WEB"})) as (source,):
        assert source.kind is TRANSLATION
        assert ("WEB", "en", "NRSVA", "Public Domain") == (
            source.id,
            source.language,
            source.versification,
            source.licence,
        )
        assert "public domain" in source.attribution.lower()
