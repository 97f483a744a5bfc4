"""Strong's search: finds verses that use a Greek or Hebrew word."""

from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.interface import Graph, GraphMissing
from appliance.scripture.canon import one_verse
from appliance.scripture.graph.words import uses_of
from appliance.scripture.numbering import numbering
from appliance.scripture.search.candidates import Candidates, explain_by_ranks
from appliance.scripture.search.highlight import Highlights
from appliance.scripture.search.lemmas import find_lemmas
from appliance.scripture.search.request import Request
from appliance.scripture.translations import store
from appliance.scripture.translations.translation import Translation

# Only articles and particles are used more often than this.
MAX_USES = 10_000


def find(library: Database, request: Request, graph: Graph | None) -> Candidates:
    """Return the verses that use a lemma, in canonical order. The words that translate the lemma are highlighted.

    Raises LemmaNotFound, LexiconEntryNotFound, GraphMissing.
    """
    if graph is None:
        raise GraphMissing("The graph is not built yet.", remedy="Run `lampstand graph build` to build it.")
    entry, *others = find_lemmas(library, graph, request.text)
    uses = uses_of(graph, entry.strongs, limit=MAX_USES)
    verses = [use.verse_id for use in uses if use.verse_id in request.verses]
    also = ", ".join(f"{other.strongs} {other.lemma}" for other in others[:5])
    return Candidates(
        ranked=[(verse_id, 1.0) for verse_id in verses],
        explain=explain_by_ranks(verses),
        notice=f"{entry.strongs} {entry.lemma} ({entry.transliteration})" + (f"; also: {also}" if also else ""),
        marks=lambda verse_ids: _marks(library, request.translation, verse_ids, entry.strongs),
    )


def _marks(library: Database, translation: Translation, verse_ids: list[int], strongs: str) -> dict[int, Highlights]:
    from_hub = numbering(translation.versification).from_hub
    hub_ids = {from_hub(verse_id): verse_id for verse_id in verse_ids}
    marks: dict[int, Highlights] = {}
    for own_id, verse_id in hub_ids.items():
        for verse in store.select_range(library.reader, translation.id, one_verse(own_id), 1):
            marks[verse_id] = tuple((word.start, word.end) for word in verse.markup.words if strongs in word.strongs)
    return marks
