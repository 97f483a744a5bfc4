r"""Reads the USFM files of one translation, one file per book: `\v 16 For God so loved …`.

Source: what the USFM 3.0 documentation says about paragraph, character and note markers.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from appliance.infrastructure.opening import read_regular, shown_name, size_of
from appliance.scripture.canon import BOOK_BY_OSIS, Book
from appliance.scripture.importers.known_texts import TEXTUAL_VARIANTS, KnownText
from appliance.scripture.importers.source import SourceUnreadable, TranslationSource
from appliance.scripture.importers.usfm.book import read_book
from appliance.scripture.versification import HUB

MAX_FILE_BYTES = 32 * 2**20
MAX_TOTAL_BYTES = 256 * 2**20

_CODES = dict(
    zip(
        "GEN EXO LEV NUM DEU JOS JDG RUT 1SA 2SA 1KI 2KI 1CH 2CH EZR NEH EST JOB PSA PRO ECC SNG ISA JER LAM EZK DAN HOS "
        "JOL AMO OBA JON MIC NAM HAB ZEP HAG ZEC MAL MAT MRK LUK JHN ACT ROM 1CO 2CO GAL EPH PHP COL 1TH 2TH 1TI 2TI "
        "TIT PHM HEB JAS 1PE 2PE 1JN 2JN 3JN JUD REV TOB JDT ESG WIS SIR BAR LJE S3Y SUS BEL 1MA 2MA 3MA 4MA 1ES 2ES "
        "MAN PS2 ODA PSS".split(),
        "Gen Exod Lev Num Deut Josh Judg Ruth 1Sam 2Sam 1Kgs 2Kgs 1Chr 2Chr Ezra Neh Esth Job Ps Prov Eccl Song Isa Jer "
        "Lam Ezek Dan Hos Joel Amos Obad Jonah Mic Nah Hab Zeph Hag Zech Mal Matt Mark Luke John Acts Rom 1Cor 2Cor Gal "
        "Eph Phil Col 1Thess 2Thess 1Tim 2Tim Titus Phlm Heb Jas 1Pet 2Pet 1John 2John 3John Jude Rev Tob Jdt EsthGr Wis "
        "Sir Bar EpJer PrAzar Sus Bel 1Macc 2Macc 3Macc 4Macc 1Esd 2Esd PrMan AddPs Odes PssSol".split(),
        strict=True,
    )
)


def read_usfm(files: Sequence[Path], *, name: str, inside: Path | None = None) -> TranslationSource:
    """Return the translation in USFM files, one file per book. Links must not lead out of the folder `inside`.

    Raises SourceUnreadable or FileRefused.
    """
    books = sorted(((_book(path, inside), path) for path in files), key=lambda pair: pair[0].number if pair[0] else 0)
    scripture = [(book, path) for book, path in books if book]
    if not scripture:
        raise SourceUnreadable(
            f"{name} contains no USFM file with a book of the Bible.",
            remedy=r"Choose other files. A USFM file begins with \id and the code of a book, such as \id GEN.",
        )
    digest, size = hashlib.sha256(), 0
    for _book_of_file, path in scripture:
        data = read_regular(path, inside=inside, max_bytes=MAX_FILE_BYTES)
        digest.update(data)
        size += len(data)
        if size > MAX_TOTAL_BYTES:
            raise SourceUnreadable(
                f"The USFM files of {name} have more than {size_of(MAX_TOTAL_BYTES)}.",
                remedy="Import one translation at a time.",
            )
    return TranslationSource(
        id=re.sub(r"[^\w.-]", "", name),
        name=name,
        language="und",
        versification=HUB,
        licence="Not stated by the files",
        attribution=name,
        origin=f"USFM files {name}",
        digest=digest.hexdigest(),
        entries=lambda: (
            verse for book, path in scripture for verse in read_book(book, _text(path, inside), shown_name(path))
        ),
        known_text=KnownText(absent=TEXTUAL_VARIANTS),
    )


def _text(path: Path, inside: Path | None) -> str:
    try:
        return read_regular(path, inside=inside, max_bytes=MAX_FILE_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceUnreadable(f"{shown_name(path)} is not UTF-8.", remedy="Convert the file to UTF-8.") from error


def _book(path: Path, inside: Path | None) -> Book | None:
    match = re.match(r"\s*\\id\s+(\w{3})", _text(path, inside)[:1000])
    if not match:
        raise SourceUnreadable(
            f"{shown_name(path)} is not USFM.",
            remedy=r"Choose another file. A USFM file begins with \id and the code of a book, such as \id GEN.",
        )
    osis = _CODES.get(match[1].upper())
    return BOOK_BY_OSIS[osis] if osis else None
