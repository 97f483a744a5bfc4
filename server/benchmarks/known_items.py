"""Search for half-remembered verses. The queries are generated from the translations with a fixed seed.

- known items: half of a verse of at least twelve words, without a fifth of these words; from WEB, and for `archaic` from KJV;
- phrases: five to eight consecutive words, with and without quotation marks;
- misspelt: a phrase with one wrong word of at least six letters: two letters swapped, or one doubled, dropped or changed;
- names: topics of the topical dictionary that are names, compared with the verses that these topics cite;
- questions: topics of a file as questions, compared with the same topics as plain words.

A query succeeds if the first hit has the words of the verse, because verses with equal words cannot be distinguished.
"""

from collections.abc import Callable, Sequence
from random import Random

from appliance.scripture.dictionaries import queries
from appliance.scripture.search.hits import Mode, Results, Search
from appliance.scripture.search.in_order import words_of
from server.benchmarks.report import Measurement, at_least, plain
from server.benchmarks.topics import TOP, ndcg
from server.bootstrap import Appliance
from server.sample_queries import FRAMES, Item, halves, misspell, numbered_verses, phrases

TOPICS = 200
MAX_TOPICS = 100_000
MIN_SHARE = 0.95
OnProgress = Callable[[str], None]


def measure_known_items(
    appliance: Appliance, topics: dict[str, dict[int, float]], on_progress: OnProgress
) -> list[Measurement]:
    """Return the shares of queries whose verse is the first hit. `topics` can be empty. Raises TranslationMissing."""
    quality = SearchQuality(appliance, on_progress)
    random = Random(5)  # noqa: S311 - the same questions in each run
    half_verses, archaic = (list(halves(appliance.library, translation, random)) for translation in ("WEB", "KJV"))
    phrase_items = list(phrases(appliance.library, random))
    quoted = [Item(f'"{item.query}"', item.words) for item in phrase_items]
    misspelt = [Item(misspell(item.query, random), item.words) for item in phrase_items]
    phrase_share, keyword_share = (
        quality.first("phrases", phrase_items),
        quality.first("phrases by words", phrase_items, Mode.KEYWORD),
    )
    measurements = [
        at_least("known_item_first", quality.first("known items", half_verses), "share", MIN_SHARE),
        at_least("archaic_first", quality.first("archaic words", archaic), "share", MIN_SHARE),
        at_least("phrase_first", phrase_share, "share", keyword_share, baseline=keyword_share),
        at_least(
            "quoted_first",
            quality.first("quoted", quoted),
            "share",
            *[quality.first("quoted, by words", quoted, Mode.KEYWORD)] * 2,
        ),
        plain("misspelt_first", quality.first("misspelt", misspelt), "share", baseline=phrase_share),
        plain("name_hit_at_10", quality.names(random), "share"),
    ]
    if topics:
        question_ndcg, topic_ndcg = quality.questions(
            dict(random.sample(list(topics.items()), min(TOPICS, len(topics))))
        )
        measurements.append(plain("question_ndcg_at_10", question_ndcg, "nDCG", baseline=topic_ndcg))
    return measurements


class SearchQuality:
    """Runs queries with the installed search and scores the results."""

    def __init__(self, appliance: Appliance, on_progress: OnProgress) -> None:
        self._appliance, self._on_progress = appliance, on_progress
        self._verses = {
            "WEB": dict(numbered_verses(appliance.library, "WEB")),
            "KJV": dict(numbered_verses(appliance.library, "KJV")),
        }

    def first(self, name: str, items: Sequence[Item], mode: Mode = Mode.HYBRID) -> float:
        """Return the share of items whose verse is the first hit."""
        correct = 0
        for number, item in enumerate(items, start=1):
            hits = self._search(item.query, mode, limit=1).hits
            correct += any(
                words_of(verses.get(hit.verse_id, "")) == item.words for hit in hits for verses in self._verses.values()
            )
            self._on_progress(f"{name}: {number} of {len(items)}")
        return correct / len(items)

    def names(self, random: Random) -> float:
        """Return the share of names for which the dictionary cites at least one of the first ten verses."""
        all_text = " ".join(self._verses["WEB"].values())
        names = [
            (topic.id, topic.headword)
            for topic in queries.browse_topics(self._appliance.library, "", limit=MAX_TOPICS)
            if 3 <= topic.citations <= 40 and topic.headword.isalpha() and all_text.count(topic.headword.title()) > 2
        ]
        correct, sample = 0, random.sample(names, min(TOPICS, len(names)))
        for number, (topic_id, headword) in enumerate(sample, start=1):
            cited = {
                verse
                for citation in queries.topic(self._appliance.library, topic_id).citations.items
                for verse in range(citation.start, citation.end + 1)
            }
            hits = self._search(headword.title(), Mode.HYBRID, limit=TOP).hits
            correct += any(hit.verse_id in cited for hit in hits)
            self._on_progress(f"names: {number} of {len(sample)}")
        return correct / len(sample) if sample else 0.0

    def questions(self, topics: dict[str, dict[int, float]]) -> tuple[float, float]:
        """Return the mean nDCG@10 of topics as questions, and of the same topics as plain words."""
        question_ndcg = topic_ndcg = 0.0
        for number, (topic, gains) in enumerate(topics.items()):
            question = FRAMES[number % len(FRAMES)].format(topic)
            question_ndcg += ndcg([hit.verse_id for hit in self._search(question, Mode.HYBRID, TOP).hits], gains)
            topic_ndcg += ndcg([hit.verse_id for hit in self._search(topic, Mode.HYBRID, TOP).hits], gains)
            self._on_progress(f"questions: {number + 1} of {len(topics)}")
        return question_ndcg / len(topics), topic_ndcg / len(topics)

    def _search(self, query: str, mode: Mode, limit: int) -> Results:
        web = self._appliance.translations.choose("WEB")
        return self._appliance.finder.search(Search(query=query, mode=mode, translation=web, limit=limit))
