"""Find Greek and Hebrew words by Strong's number, by spelling, or by translation."""

import re

from appliance.errors import NotFound
from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.interface import Graph
from appliance.scripture.dictionaries import queries, store
from appliance.scripture.dictionaries.lexicon import LexiconEntry, fold
from appliance.scripture.graph.words import verse_counts


class LemmaNotFound(NotFound):
    """No installed dictionary contains the word."""


def find_lemmas(database: Database, graph: Graph, query: str) -> list[LexiconEntry]:
    """The lexicon entries for a Strong's number, for a Greek or Hebrew word (or its transliteration), or for a translated word.

    Raises LemmaNotFound.
    """
    word = query.strip().strip("\"'“”")
    letter, digits = word[:1].upper(), word[1:]
    if letter in ("G", "H") and digits.isascii() and digits.isdigit():
        return [queries.lexicon_entry(database, word)]
    folded = fold(word)
    matches = [
        strongs
        for strongs, lemma, transliteration, _ in database.reader.rows(store.SELECT_LEMMAS)
        if folded and folded in (fold(lemma), fold(transliteration))
    ]
    matches = matches or _by_gloss(database, graph, word)
    if not matches:
        raise LemmaNotFound(
            f"No dictionary contains the word {word[:40]!r}.",
            remedy="Enter a Strong's number such as G26 or H2617, or a word such as ἀγάπη, agape or love.",
        )
    return [queries.lexicon_entry(database, strongs) for strongs in matches]


def _by_gloss(database: Database, graph: Graph, word: str) -> list[str]:
    """Strong's numbers that are translated by a word, most used first."""
    # Translations are at the end of a definition: after a dash in one dictionary, after a colon and a hyphen in the other.
    gloss = re.compile(rf"(?:—|: -).*\b{re.escape(word)}\b", re.IGNORECASE | re.DOTALL)
    rows = database.reader.rows(store.SELECT_GLOSSED, (f"%{word}%",)) if word.isalpha() else []
    uses = verse_counts(graph, [strongs for strongs, definition in rows if gloss.search(definition)])
    return sorted(uses, key=lambda strongs: -uses[strongs])
