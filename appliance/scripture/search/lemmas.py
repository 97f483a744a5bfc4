"""The word of the original that a query names: by its Strong's number, as it is written, or by its translation."""

import re

from appliance.errors import NotFound
from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.asking import Graph
from appliance.scripture.dictionaries import queries, store
from appliance.scripture.dictionaries.lexicon import LexiconEntry, fold
from appliance.scripture.graph.words import verses_of_each


class LemmaNotFound(NotFound):
    """No dictionary here has the word."""


def find_lemmas(database: Database, graph: Graph, query: str) -> list[LexiconEntry]:
    """The entries of a Strong's number, of a word of the original in its own letters or ours, or of what it is translated by.

    Raises LemmaNotFound.
    """
    wanted = query.strip().strip("\"'“”")
    letter, digits = wanted[:1].upper(), wanted[1:]
    if letter in ("G", "H") and digits.isascii() and digits.isdigit():
        return [queries.lexicon_entry(database, wanted)]
    folded = fold(wanted)
    found = [
        strongs
        for strongs, lemma, transliteration, _ in database.reader.rows(store.SELECT_LEMMAS)
        if folded and folded in (fold(lemma), fold(transliteration))
    ]
    found = found or _by_gloss(database, graph, wanted)
    if not found:
        raise LemmaNotFound(
            f"No dictionary here has a word {wanted[:40]!r}.",
            remedy="Give a Strong's number such as G26 or H2617, or the word itself: ἀγάπη, agape, love.",
        )
    return [queries.lexicon_entry(database, strongs) for strongs in found]


def _by_gloss(database: Database, graph: Graph, word: str) -> list[str]:
    """Words of the original that a word of ours stands for, those that are used the most first."""
    # What a word is translated by stands last, behind a dash in the one dictionary, a colon and a hyphen in the other.
    glossed = re.compile(rf"(?:—|: -).*\b{re.escape(word)}\b", re.IGNORECASE | re.DOTALL)
    rows = database.reader.rows(store.SELECT_GLOSSED, (f"%{word}%",)) if word.isalpha() else []
    uses = verses_of_each(graph, [strongs for strongs, definition in rows if glossed.search(definition)])
    return sorted(uses, key=lambda strongs: -uses[strongs])
