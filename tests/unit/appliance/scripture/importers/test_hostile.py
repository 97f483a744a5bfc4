"""Importers read hostile and damaged files. Each import ends quickly, and a refusal has a clear message."""

import time
import zipfile
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fakes.hostile_texts import GENESIS, HARMLESS, HOSTILE, OSIS, PERSON, VERSE
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.errors import ApplianceError
from appliance.infrastructure.database import Database
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.library.queries import installed
from appliance.scripture.operations import import_source

# On an idle machine each import takes less than half a second. With backtracking patterns it took minutes.
MAX_S = 15.0
# Parts of messages of Python and of libraries. They are not clear to a user.
TECHNICAL_MESSAGES = (
    "Exceeds the limit",
    "embedded null",
    "codec can't",
    "invalid literal",
    "recursion",
    "Errno",
    "Traceback",
    "KeyError",
    "'utf-8'",
    "surrogates",
    "list index",
    "NoneType",
    "b'",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_a_clear_message(name: str, tmp_path: Path, library: Database) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    HOSTILE[name](folder)
    archive = folder / "a.zip"
    refusal: ApplianceError | None = None
    start = time.monotonic()
    try:
        import_all(archive if archive.exists() else folder, library)
    except ApplianceError as error:
        refusal = error

    assert time.monotonic() - start < MAX_S
    assert (refusal is None) == (name in HARMLESS)
    if refusal:
        assert_message_is_clear(refusal)
        assert [] == installed(library)


def assert_message_is_clear(refusal: ApplianceError) -> None:
    assert refusal.message.endswith(".")
    assert refusal.remedy
    assert len(str(refusal)) < 1_000
    assert not [part for part in TECHNICAL_MESSAGES if part in str(refusal)], str(refusal)
    assert str(refusal).isprintable()


def import_all(location: Path, library: Database) -> None:
    with open_sources(str(location), scratch_in=location.parent) as sources:
        for source in sources:
            import_source(library, source)


def zipped(content: bytes) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.usfm", content)
    return packed.getvalue()


MARKED = '\\v 2-3 \\w word|strong="G25"\\w* \\f + \\fr 1:2 \\ft note\\f* \\nd Lord\\nd*\n\\q1 line\n'
SMALL = {
    "a.usfm": (GENESIS + MARKED).encode(),
    "a.xml": OSIS.format(VERSE + '<verse osisID="Gen.1.2"><w lemma="strong:H1">a</w><note>b</note></verse>').encode(),
    "a.tsv": b"From Verse\tTo Verse\tVotes\nGen.1.1\tJohn.1.1-John.1.3\t51\nGen.1.2\tPs.33.6\t-3\n",
    "a.txt": b"love\t43003016\t43003017\t12\nhope\t45015013\t\t7\n",
    "a.csv": f"{PERSON}aaron_1,Aaron,Aaron,,,[A](b),-1570,,Exod.4.14\n".encode(),
    "a.zip": zipped(GENESIS.encode()),
}
PIECES = [
    b"\\",
    b"\\v ",
    b"\\c ",
    b"<",
    b">",
    b"&",
    b'"',
    b"\t",
    b"\n",
    b"|",
    b"*",
    b"-",
    b",",
    b"\0",
    b"\xff",
    b"9" * 5_000,
    b"\xc2\xb2",
    b"<verse",
    b"</verse>",
    b'osisID="',
    b"&#x0;",
    b"\\f ",
    b"\\w ",
    b"PK",
    b"[](",
    b"\xee\x80\x80",
]


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """One of the small files, with some parts removed, repeated or inserted."""
    name = draw(st.sampled_from(sorted(SMALL)))
    content = SMALL[name]
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(content)))
        end = draw(st.integers(at, min(len(content), at + 60)))
        replacement = draw(st.sampled_from([*PIECES, b"", content[at:end] * 2]) | st.binary(max_size=4))
        content = content[:at] + replacement + content[end:]
    return name, content


def read_all(name: str, content: bytes) -> None:
    """Read a file to its end. Only errors that are not an ApplianceError are raised."""
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        try:
            # The table of people is detected in its folder, the other formats by the file alone.
            with open_sources(folder if name.endswith("csv") else str(path), scratch_in=Path(folder)) as sources:
                for source in sources:
                    source.read()
        except ApplianceError as error:
            assert_message_is_clear(error)


@settings(max_examples=100, deadline=None)
@given(damaged())
@example(("a.usfm", b"\\id GEN\n\\c 1\n\\v 1 a\n\\v 1 b"))
def test_a_damaged_file_raises_only_appliance_errors(file: tuple[str, bytes]) -> None:
    read_all(*file)


@pytest.mark.soak
@settings(max_examples=20_000, deadline=None)
@given(damaged())
def test_many_damaged_files_raise_only_appliance_errors(file: tuple[str, bytes]) -> None:
    read_all(*file)


@pytest.mark.parametrize("name", SMALL)
def test_the_undamaged_small_files_are_read(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(SMALL[name])
    with open_sources(str(tmp_path if name.endswith("csv") else tmp_path / name), scratch_in=tmp_path) as (source,):
        entries = source.read()

    assert entries
