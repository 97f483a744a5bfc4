"""Every use of a word of the original, by its Strong's number or as it is written."""

import re

from appliance.errors import NotFound
from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.asking import Graph, GraphMissing
from appliance.scripture.dictionaries import queries
from appliance.scripture.dictionaries import store as dictionary_store
from appliance.scripture.dictionaries.lexicon import LexiconEntry, fold
from appliance.scripture.graph.words import uses_of, verses_of_each
from appliance.scripture.numbering import numbering
from appliance.scripture.search.candidates import Span
from appliance.scripture.search.highlight import Highlights
from appliance.scripture.search.hybrid import Found, reasons
from appliance.scripture.translations import store as translation_store
from appliance.scripture.translations.translation import Translation

# More than any word has, but for articles and particles.
MOST_USES = 10_000


class LemmaNotFound(NotFound):
    """No dictionary here has the word."""


def find_uses(database: Database, graph: Graph | None, query: str, translation: Translation, span: Span) -> Found:
    """The verses that use a lemma, in the order of the canon, the words that stand for it marked.

    Raises LemmaNotFound, GraphMissing.
    """
    if graph is None:
        raise GraphMissing("The graph is not built yet.", remedy="`lampstand graph build` builds it.")
    entries = find_lemma(database, graph, query)
    entry = entries[0]
    verses = [
        use.verse_id
        for use in uses_of(graph, entry.strongs, limit=MOST_USES)
        if span.first <= use.verse_id <= span.last
    ]
    others = ", ".join(f"{each.strongs} {each.lemma}" for each in entries[1:6])
    notice = f"{entry.strongs} {entry.lemma} ({entry.transliteration})" + (f"; also: {others}" if others else "")
    return Found(
        ranked=[(verse_id, 1.0) for verse_id in verses],
        why=reasons(verses, []),
        notice=notice,
        marks=lambda page: _marks(database, translation, page, entry.strongs),
    )


def find_lemma(database: Database, graph: Graph, query: str) -> list[LexiconEntry]:
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
        for strongs, lemma, transliteration, _ in database.reader.rows(dictionary_store.SELECT_LEMMAS)
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
    rows = database.reader.rows(dictionary_store.SELECT_GLOSSED, (f"%{word}%",)) if word.isalpha() else []
    uses = verses_of_each(graph, [strongs for strongs, definition in rows if glossed.search(definition)])
    return sorted(uses, key=lambda strongs: -uses[strongs])


def _marks(database: Database, translation: Translation, verse_ids: list[int], strongs: str) -> dict[int, Highlights]:
    from_hub = numbering(translation.versification).from_hub
    own = {from_hub(verse_id): verse_id for verse_id in verse_ids}
    marks: dict[int, Highlights] = {}
    for place, verse_id in own.items():
        for verse in translation_store.select_range(database.reader, translation.id, place, place, 1):
            marks[verse_id] = tuple((word.start, word.end) for word in verse.markup.words if strongs in word.strongs)
    return marks
