"""Finds Greek and Hebrew words by Strong's number, by spelling, or by translation."""

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
    """Return the lexicon entries for a Strong's number, a Greek or Hebrew word, its transliteration, or its translation.

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
    """Return the Strong's numbers of words that are translated by this word. The numbers with the most uses come first."""
    # Translations are at the end of a definition. One dictionary puts a dash before them, the other a colon and a hyphen.
    gloss = re.compile(rf"(?:—|: -).*\b{re.escape(word)}\b", re.IGNORECASE | re.DOTALL)
    rows = database.reader.rows(store.SELECT_GLOSSED, (f"%{word}%",)) if word.isalpha() else []
    uses = verse_counts(graph, [strongs for strongs, definition in rows if gloss.search(definition)])
    return sorted(uses, key=lambda strongs: -uses[strongs])
