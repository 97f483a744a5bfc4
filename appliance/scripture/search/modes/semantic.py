"""Semantic search: finds verses with a meaning similar to that of the query."""

from appliance.infrastructure.database import Database
from appliance.scripture.search.candidates import Candidates, explain_by_ranks
from appliance.scripture.search.meaning import MeaningIndex
from appliance.scripture.search.modes.keyword import parse
from appliance.scripture.search.ranking.current import CurrentRanker, RankerUnavailable
from appliance.scripture.search.request import Request
from appliance.scripture.search.vector_search import nearest_verses

# The maximum number of results. Finding more verses would take more time, and their low similarity would say little.
DEPTH = 200


def find(library: Database, request: Request, meaning: MeaningIndex, ranker: CurrentRanker) -> Candidates:
    """Return verses by cosine similarity, best first. Raises QueryRefused, MeaningUnavailable."""
    query = parse(request.text, request.text)
    embedder = meaning.embedder()
    (vector,) = embedder.embed([request.text])
    try:
        nearest = ranker.current(embedder.model).nearest(vector, request.verses, DEPTH)
    except RankerUnavailable:
        nearest = nearest_verses(library.reader, vector, request.verses, DEPTH)
    return Candidates(
        ranked=nearest,
        explain=explain_by_ranks(by_meaning=nearest),
        marked_words=query.words if query else (),
    )
