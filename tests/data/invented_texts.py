"""A translation, a topical dictionary, a lexicon and cross references, all invented, as files that the importers read."""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

VERSES = (
    "The keeper of the harbour writes to the bakers of the upper town.",
    'Every evening one <w lemma="strong:G5001">lantern</w> is carried to the end of the long pier.',
    "Nobody asks whose turn it is, because the list hangs beside the door.",
    "I was glad when I heard that the youngest of you learned to trim the wick.",
    "Now I ask you for one thing only: leave the gate unlocked while it rains.",
    "A boat came home late on Tuesday, and the crew followed the small light in.<note>Or <q>the only light</q>.</note>",
    "Some people sell oil that is mostly water; smell it before you pay.",
    "Count the jars again, so that the work of the summer is not wasted.",
    "If the fog is thick, ring the bell twice and wait for an answer.",
    "When a stranger knocks, give soup first and ask for a name later.",
    "A cold kitchen makes every story shorter.",
    "I have more to tell, but I keep it for the day when the ferry runs.",
    "The children of the lighthouse send you greetings and a basket of pears.",
)
_DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<osis xmlns="http://www.bibletechnologies.net/2003/OSIS/namespace">
<osisText osisIDWork="Lantern" xml:lang="en">
<header><work osisWork="Lantern"><title>The Lantern Text</title><rights>Public Domain</rights></work></header>
<div type="book" osisID="2John"><chapter osisID="2John.1">
{verses}
</chapter></div>
</osisText>
</osis>
"""
TOPICS = (
    (
        "FOG",
        '<lb/>→ Ring the bell in <ref osisRef="2John.1.9">2Jo 1:9</ref>.<lb/>→ See <ref target="Nave:LIGHT">LIGHT</ref>.',
    ),
    (
        "LIGHT",
        '<lb/>→ On the pier <ref osisRef="2John.1.2">2Jo 1:2</ref>; <ref osisRef="2John.1.6">6</ref>.',
    ),
)
LEXICON = (("05001", "<orth>λυχνίδιον</orth> <orth type='trans'>lychnidion</orth> a small lantern with a handle"),)
CROSS_REFERENCES = "From Verse\tTo Verse\tVotes\n2John.1.2\t2John.1.6\t7\n2John.1.9\t2John.1.6-2John.1.7\t3\n"


def write_translation(path: Path) -> Path:
    """Write the translation as an OSIS document: the second letter of John with 13 sentences of its own."""
    verses = "\n".join(
        f'<verse osisID="2John.1.{number}">{sentence}</verse>' for number, sentence in enumerate(VERSES, 1)
    )
    path.write_text(_DOCUMENT.format(verses=verses), encoding="utf-8")
    return path


def write_faulty_translation(path: Path) -> Path:
    """Write a translation that the importer refuses, because a verse occurs twice."""
    verses = "".join(f'<verse osisID="2John.1.{number}">Said again.</verse>' for number in (1, 2, 1))
    path.write_text(_DOCUMENT.format(verses=verses).replace("Lantern", "Twice"), encoding="utf-8")
    return path


def write_dictionaries(root: Path) -> Path:
    """Write a SWORD folder with a topical dictionary and a lexicon."""
    (root / "mods.d").mkdir(parents=True)
    _write_module(root, "HarbourTopics", "Description=Topics of the harbour", TOPICS)
    _write_module(root, "HarbourGreek", "Description=Words of the harbour\nFeature=GreekDef", LEXICON)
    return root


def write_cross_references(path: Path) -> Path:
    """Write a table of cross references between verses of the translation."""
    path.write_text(CROSS_REFERENCES, encoding="utf-8")
    return path


def _write_module(root: Path, name: str, keys: str, entries: Sequence[tuple[str, str]]) -> None:
    """Write a zLD module of one block; the docstring of the importer `sword_dictionary` describes the files."""
    configuration = f"[{name}]\nModDrv=zLD\nDataPath=./data/{name}\n{keys}\nDistributionLicense=Public Domain\n"
    (root / "mods.d" / f"{name.lower()}.conf").write_text(configuration, encoding="utf-8")
    texts = [markup.encode() for _, markup in entries]
    keyed = [key.encode() + b"\n" + struct.pack("<II", 0, number) for number, (key, _) in enumerate(entries)]
    block = struct.pack("<I", len(texts)) + _pairs(texts, 4 + 8 * len(texts)) + b"".join(texts)
    packed = zlib.compress(block)
    (root / "data").mkdir(exist_ok=True)
    for suffix, content in {
        "idx": _pairs(keyed, 0),
        "dat": b"".join(keyed),
        "zdx": _pairs([packed], 0),
        "zdt": packed,
    }.items():
        (root / "data" / f"{name}.{suffix}").write_bytes(content)


def _pairs(pieces: Sequence[bytes], start: int) -> bytes:
    """The offset and the size of each piece, where the first begins at `start`."""
    pairs = b""
    for piece in pieces:
        pairs += struct.pack("<II", start, len(piece))
        start += len(piece)
    return pairs
