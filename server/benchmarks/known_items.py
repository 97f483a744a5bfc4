"""Verses that people half remember, made from the texts themselves with a fixed seed.

- known items: a contiguous half of a verse of twelve words or more, a fifth of its words dropped; from WEB, and `archaic`
  ones from the KJV;
- phrases: five to eight words as they stand, with and without quotation marks;
- misspelt: a phrase in which one word of six letters or more has two letters exchanged, one doubled, dropped or changed;
- names: topics of the dictionary that are names, against the verses that they cite;
- questions: topics of a file, asked as people ask, against the same topics bare.

A verse is found where the first hit has its words, since verses of the same words cannot be told apart.
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
MIN_FOUND = 0.95
OnProgress = Callable[[str], None]


def measure_known_items(
    appliance: Appliance, topics: dict[str, dict[int, float]], on_progress: OnProgress
) -> list[Measurement]:
    """Shares found first, beside keyword search of the same; `topics` may be empty. Raises NothingToRemember."""
    find = _Finding(appliance, on_progress)
    random = Random(5)  # noqa: S311 - the same questions in each run
    half_verses, archaic = (list(halves(appliance.library, text, random)) for text in ("WEB", "KJV"))
    phrase_items = list(phrases(appliance.library, random))
    quoted = [Item(f'"{each.query}"', each.words) for each in phrase_items]
    misspelt = [Item(misspell(each.query, random), each.words) for each in phrase_items]
    phrase_found, phrase_keyword = (
        find.first("phrases", phrase_items),
        find.first("phrases by words", phrase_items, Mode.KEYWORD),
    )
    found = [
        at_least("known_item_first", find.first("known items", half_verses), "share", MIN_FOUND),
        at_least("archaic_first", find.first("archaic words", archaic), "share", MIN_FOUND),
        at_least("phrase_first", phrase_found, "share", phrase_keyword, baseline=phrase_keyword),
        at_least(
            "quoted_first",
            find.first("quoted", quoted),
            "share",
            *[find.first("quoted, by words", quoted, Mode.KEYWORD)] * 2,
        ),
        plain("misspelt_first", find.first("misspelt", misspelt), "share", baseline=phrase_found),
        plain("name_hit_at_10", find.names(random), "share"),
    ]
    if topics:
        asked, bare = find.questions(dict(random.sample(list(topics.items()), min(TOPICS, len(topics)))))
        found.append(plain("question_ndcg_at_10", asked, "nDCG", baseline=bare))
    return found


class _Finding:
    """Asks the installed search."""

    def __init__(self, appliance: Appliance, on_progress: OnProgress) -> None:
        self._appliance, self._on_progress = appliance, on_progress
        self._texts = {
            "WEB": dict(numbered_verses(appliance.library, "WEB")),
            "KJV": dict(numbered_verses(appliance.library, "KJV")),
        }

    def first(self, name: str, items: Sequence[Item], mode: Mode = Mode.HYBRID) -> float:
        """The share of items whose verse is the first hit."""
        right = 0
        for number, item in enumerate(items, start=1):
            hits = self._search(item.query, mode, limit=1).hits
            right += any(
                words_of(text.get(hit.verse_id, "")) == item.words for hit in hits for text in self._texts.values()
            )
            self._on_progress(f"{name}: {number} of {len(items)}")
        return right / len(items)

    def names(self, random: Random) -> float:
        """The share of names for which one of the first ten verses is cited under the name."""
        everything = " ".join(self._texts["WEB"].values())
        names = [
            (head.id, head.headword)
            for head in queries.browse_topics(self._appliance.library, "", limit=MAX_TOPICS)
            if 3 <= head.citations <= 40 and head.headword.isalpha() and everything.count(head.headword.title()) > 2
        ]
        right, sample = 0, random.sample(names, min(TOPICS, len(names)))
        for number, (topic, headword) in enumerate(sample, start=1):
            cited = {
                verse
                for each in queries.topic(self._appliance.library, topic).citations.items
                for verse in range(each.start, each.end + 1)
            }
            hits = self._search(headword.title(), Mode.HYBRID, limit=TOP).hits
            right += any(hit.verse_id in cited for hit in hits)
            self._on_progress(f"names: {number} of {len(sample)}")
        return right / len(sample) if sample else 0.0

    def questions(self, topics: dict[str, dict[int, float]]) -> tuple[float, float]:
        """Mean nDCG@10 of topics as questions, and of the same topics bare."""
        asked = bare = 0.0
        for number, (topic, gains) in enumerate(topics.items()):
            question = FRAMES[number % len(FRAMES)].format(topic)
            asked += ndcg([hit.verse_id for hit in self._search(question, Mode.HYBRID, TOP).hits], gains)
            bare += ndcg([hit.verse_id for hit in self._search(topic, Mode.HYBRID, TOP).hits], gains)
            self._on_progress(f"questions: {number + 1} of {len(topics)}")
        return asked / len(topics), bare / len(topics)

    def _search(self, query: str, mode: Mode, limit: int) -> Results:
        web = self._appliance.translations.choose("WEB")
        return self._appliance.finder.search(Search(query=query, mode=mode, translation=web, limit=limit))
