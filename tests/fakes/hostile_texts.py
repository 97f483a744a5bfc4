"""Small files that attack an importer."""

import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

GENESIS = "\\id GEN\n\\c 1\n\\p\n\\v 1 In the beginning God created the heavens and the earth.\n"
OSIS = (
    '<osis><osisText osisIDWork="T"><header><work osisWork="T"><title>T</title></work></header>'
    '<div type="book" osisID="Gen"><chapter osisID="Gen.1">{}</chapter></div></osisText></osis>'
)
VERSE = '<verse osisID="Gen.1.1">In the beginning.</verse>'
MANY = 100_000


def usfm(text: str) -> Callable[[Path], None]:
    return lambda folder: _write(folder / "a.usfm", text)


def osis(inner: str) -> Callable[[Path], None]:
    return lambda folder: _write(folder / "a.xml", OSIS.format(inner))


def table(text: str) -> Callable[[Path], None]:
    return lambda folder: _write(folder / "a.tsv", text)


def _write(path: Path, text: str | bytes) -> None:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def raw(name: str, content: str | bytes) -> Callable[[Path], None]:
    return lambda folder: _write(folder / name, content)


def pipe(name: str) -> Callable[[Path], None]:
    return lambda folder: os.mkfifo(folder / name)


def link(name: str, target: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).symlink_to(target)


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        with zipfile.ZipFile(folder / "a.zip", "w", method) as file:
            for name, content in members:
                file.writestr(name, content)

    return make


def module(configuration: str, **files: bytes) -> Callable[[Path], None]:
    """Write a SWORD module: the configuration and the data files. In a parameter name, `_` represents the file name's `.`."""

    def make(folder: Path) -> None:
        (folder / "mods.d").mkdir()
        _write(folder / "mods.d" / "t.conf", configuration)
        (folder / "data").mkdir()
        for name, content in files.items():
            _write(folder / "data" / name.replace("_", "."), content)

    return make


def dictionary(key: bytes, markup: bytes, feature: str = "GreekDef") -> Callable[[Path], None]:
    block = struct.pack("<III", 1, 12, len(markup)) + markup
    packed = zlib.compress(block)
    dat = key + b"\n" + struct.pack("<II", 0, 0)
    return module(
        f"[T]\nModDrv=zLD\nDataPath=./data/d\nFeature={feature}\nDescription=Topics\n",
        d_idx=struct.pack("<II", 0, len(dat)),
        d_dat=dat,
        d_zdx=struct.pack("<II", 0, len(packed)),
        d_zdt=packed,
    )


def verses_of(fragment: bytes) -> Callable[[Path], None]:
    """Write a SWORD module with one testament and one verse. The text of the verse is `fragment`."""
    packed = zlib.compress(fragment)
    slots = 8_246  # in the New Testament of the KJV versification, which is shorter
    return module(
        "[T]\nModDrv=zText4\nDataPath=./data/\nVersification=KJV\n",
        nt_bzs=struct.pack("<III", 0, len(packed), len(fragment)),
        nt_bzz=packed,
        nt_bzv=struct.pack("<III", 0, 0, 0) * 4 + struct.pack("<III", 0, 0, len(fragment)) + bytes(12 * (slots - 5)),
    )


CONFIGURATION = "[T]\nModDrv=zText\nDataPath={}\n"
PERSON = "personLookup,displayTitle,name,surname,alsoCalled,dictText,birthYear,minYear,verses\n"

# These files are imported without their hostile part. All other files are refused.
HARMLESS = frozenset(
    {
        "level of 6,000 digits",
        "Strong's of 6,000 digits",
        "year of 6,000 digits",
        "unclosed milestones",
        "control characters of the importer",
        "name without letters",
    }
)
HOSTILE: dict[str, Callable[[Path], None]] = {
    # Files that are not regular, and links that lead out of the folder.
    "pipe as USFM": pipe("a.usfm"),
    "pipe as OSIS": pipe("a.xml"),
    "pipe as table": pipe("a.txt"),
    "pipe as CSV": pipe("a.csv"),
    "device as USFM": link("a.usfm", "/dev/zero"),
    "device as OSIS": link("a.osis", "/dev/zero"),
    "link to the outside as USFM": link("a.usfm", "/etc/passwd"),
    "link to the outside as table": link("a.tsv", "/etc/passwd"),
    "link to the outside as CSV": link("a.csv", "/etc/passwd"),
    "link to itself": link("a.usfm", "a.usfm"),
    "broken link": link("a.xml", "nowhere"),
    "modules folder outside": link("mods.d", "/usr/share/sword/mods.d"),
    "data path outside": module(CONFIGURATION.format("/etc/")),
    "data path with NUL": module(CONFIGURATION.format("./a\0b")),
    "data path of 300 letters": module(CONFIGURATION.format("./" + "a" * 300)),
    "data path with a pattern": module(CONFIGURATION.format("./data/**x")),
    "data path of the folder": module(CONFIGURATION.format("./")),
    "folder named like a file": lambda folder: (folder / "a.usfm").mkdir(),
    # Numbers.
    "chapter of 6,000 digits": usfm(f"\\id GEN\n\\c {'1' * 6_000}\n\\v 1 a\n"),
    "verse of 6,000 digits": usfm(f"\\id GEN\n\\c 1\n\\v {'9' * 6_000} a\n"),
    "bridge of 6,000 digits": usfm(f"\\id GEN\n\\c 1\n\\v 1-{'9' * 6_000} a\n"),
    "superscript chapter number": usfm("\\id GEN\n\\c ²\n\\v 1 a\n"),
    "OSIS id of 6,000 digits": osis(f'<verse osisID="Gen.1.{"9" * 6_000}">a</verse>'),
    "blank OSIS id": osis('<verse osisID=" ">a</verse>'),
    "level of 6,000 digits": osis(f'<verse osisID="Gen.1.1"><l level="{"9" * 6_000}">a</l></verse>'),
    "Strong's of 6,000 digits": osis(f'<verse osisID="Gen.1.1"><w lemma="strong:G{"9" * 6_000}">a</w></verse>'),
    "superscript level number": osis('<verse osisID="Gen.1.1"><l level="²">a</l>&lt;b></verse>'),
    "character of 6,000 digits": verses_of(b"<b>&#" + b"9" * 6_000 + b";</b>"),
    "key of 6,000 digits": dictionary(b"9" * 6_000, b"x"),
    "superscript key": dictionary("²".encode(), b"x"),
    "votes of 6,000 digits": table(f"Gen.1.1\tGen.1.2\t{'9' * 6_000}\n"),
    "place of 6,000 digits": table(f"Gen.1.{'9' * 6_000}\tGen.1.2\t1\n"),
    "year of 6,000 digits": raw("a.csv", f"{PERSON}a,b,c,d,,,{'9' * 6_000},,Gen.1.1\n"),
    # Invalid bytes and formats.
    "not UTF-8": raw("a.usfm", b"\\id GEN\n\xff"),
    "NUL": raw("a.usfm", b"\\id GEN\n\\c 1\n\\v 1 \0\n\\v 1 a\n"),
    "unknown encoding": raw("a.xml", b'<?xml version="1.0" encoding="foo"?><osis/>'),
    "incomplete UTF-16": raw("a.xml", "<osis>".encode("utf-16")[:-1]),
    "undeclared prefix": osis("<a:b/>"),
    "missing columns": raw("a.csv", "personLookup\na\n"),
    "CSV with NUL": raw("a.csv", b"personLookup,displayTitle\n\0,\xff\n"),
    "CSV field of 200 kB": raw("a.csv", PERSON + "x" * 200_000),
    "document type": raw("a.xml", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><osis>&b;</osis>'),
    "unprintable characters": raw("a.xml", "<osis \ufeffT>"),
    "driver with control characters": module("[\x1b[2J]\nModDrv=\x1b[31m\n"),
    "long versification": module(CONFIGURATION.format("./data/") + "Versification=" + "V" * 100_000),
    "empty file": raw("a.usfm", b""),
    "name without letters": raw("....usfm", GENESIS),
    "zip of 10,001 files": zipped(*((f"{number}", b"") for number in range(10_001))),
    "zip with a long name": zipped(("a" * 300, b"x")),
    "zip with LZMA": zipped(("a.usfm", GENESIS.encode()), method=zipfile.ZIP_LZMA),
    "incomplete zip": raw("a.zip", b"PK\3\4" + b"\0" * 40),
    "zip without files": zipped(),
    # Content that takes much time or memory with backtracking patterns.
    "unclosed milestones": usfm(GENESIS + "\\va " * MANY),
    "unclosed words": usfm(GENESIS + "\\w a|" * MANY),
    "unclosed word with bars": usfm(GENESIS + "\\w " + "|" * MANY),
    "many bars": usfm(GENESIS + "|" * MANY),
    "control characters of the importer": usfm(GENESIS + "\ue000" * MANY),
    "unclosed styles": usfm(GENESIS + "\\nd a" * MANY),
    "unclosed notes": usfm(GENESIS + "\\f + a" * MANY),
    "very long verse": usfm("\\id GEN\n\\c 1\n\\v 1 " + "a " * MANY),
    "unclosed comments": verses_of(b"<!--" * 50_000 + b"|"),
    "unclosed declarations": verses_of(b"<!" * 50_000 + b"|"),
    "very long attribute": verses_of(b"<a " + b"a" * 100_000 + b">|"),
    "unclosed elements": verses_of(b"<w>" * 20_000 + b"|"),
    "deeply nested elements": osis("<hi>" * 20_000 + "</hi>" * 20_000),
    "one verse in many pieces": osis(VERSE * 5_000),
    "repeated verses": osis((VERSE + VERSE.replace("1.1", "1.2")) * 2_000),
    "deeply nested dictionary entry": dictionary(b"1", b"<a>" * 5_000 + b"</a>" * 5_000),
    "deeply nested topics": dictionary(b"1", b"<list>" * 5_000, feature=""),
    "many spaces in a dictionary": dictionary(b"x", b" " * 100_000 + b"-"),
    "many punctuation marks in a dictionary": dictionary(
        b"1", b"<list>" + b":" * 100_000 + b"a</list>" + b"<a>" * 500, feature=""
    ),
    "many brackets in a CSV": raw("a.csv", f'{PERSON}a,b,c,d,,{"[](" * 40_000},,,Gen.1.1\nx,"{"x" * 200_000}"\n'),
    "very long line": table("Gen.1.1\tGen.1.2\t1\n" + "x" * 5_000_000),
    "lines that are not links": table("Gen.1.1\tGen.1.2\t1\n" + "x\n" * 300_000),
}
