"""Known peculiarities of some translations. Validation does not report them as faults.

Greek Esther has the numbering of Hebrew Esther, and its additions are inside single verses. Therefore some verses are long,
and chapters 11 to 16 have no verses.
"""

import msgspec


class KnownText(msgspec.Struct, frozen=True):
    """The known peculiarities of a translation. Verses are named by their OSIS ids.

    `long` has the verses that are longer than usual, `absent` has the verses without words, and `verses` is the number of
    verses with words.
    """

    long: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    verses: int | None = None


# Verses that critical editions omit or move into a note.
TEXTUAL_VARIANTS = frozenset(
    "Matt.12.47 Matt.17.21 Matt.18.11 Matt.21.44 Matt.23.14 Mark.7.16 Mark.9.44 Mark.9.46 Mark.11.26 Mark.15.28 "
    "Luke.17.36 Luke.22.20 Luke.22.43 Luke.22.44 Luke.23.17 Luke.23.34 Luke.24.12 Luke.24.40 John.5.3 John.5.4 "
    "Acts.8.37 Acts.15.34 Acts.24.7 Acts.28.29 Rom.16.24".split()
)


def _expand(ranges: str) -> frozenset[str]:
    """Return the OSIS ids of ranges such as `Sir.26.19-27`."""
    ids: set[str] = set()
    for verse_range in ranges.split():
        chapter, _, verses = verse_range.rpartition(".")
        first, _, last = verses.partition("-")
        ids.update(f"{chapter}.{verse}" for verse in range(int(first), int(last or first) + 1))
    return frozenset(ids)


_WEB = KnownText(
    long=frozenset({"EsthGr.1.1", "EsthGr.3.13", "EsthGr.5.1", "EsthGr.8.13"}),
    absent=_expand(
        "Tob.6.18 Tob.10.13 Jdt.15.14 EsthGr.4.6 EsthGr.9.5 EsthGr.9.30 EsthGr.11.1-12 EsthGr.12.1-6 EsthGr.13.1-18 "
        "EsthGr.14.1-19 EsthGr.15.1-16 EsthGr.16.1-24 Sir.1.5 Sir.1.7 Sir.1.21 Sir.3.19 Sir.10.21 Sir.11.15-16 "
        "Sir.13.14 Sir.16.15-16 Sir.17.5 Sir.17.9 Sir.17.16 Sir.17.18 Sir.17.21 Sir.18.3 Sir.19.18-19 Sir.19.21 "
        "Sir.20.3 Sir.22.9-10 Sir.24.18 Sir.24.24 Sir.25.12 Sir.26.19-27 Sir.34.27-31 Sir.35.21-26 Sir.36.27-31 "
        "PrAzar.1.1-68 Sus.1.1-64 Bel.1.1-42 Luke.17.36 Acts.8.37 Acts.15.34 Acts.24.7 Rom.16.25-27 3John.1.15 "
        "Rev.12.18"
    ),
    verses=37_457,
)
_KJV = KnownText(verses=31_102)
# Verses that the translation RV1909 joins with neighbouring verses.
_RV1909 = KnownText(
    absent=frozenset(
        "Num.12.16 Num.29.40 1Sam.23.29 2Sam.20.26 2Chr.33.25 Job.35.16 Job.38.39 Job.38.40 Job.38.41 Job.40.20 "
        "Job.40.21 Job.40.22 Job.40.23 Job.40.24 Hos.11.12 Jonah.1.17 Acts.19.41 2Cor.13.14".split()
    ),
    verses=31_084,
)
_BY_MODULE = {"engWEB2015eb": _WEB, "engKJV2006eb": _KJV, "spaRV1909eb": _RV1909}


def by_module(module: str) -> KnownText:
    """Return the known peculiarities of a SWORD module. For an unknown module, these are only the textual variants."""
    return _BY_MODULE.get(module, KnownText(absent=TEXTUAL_VARIANTS))
