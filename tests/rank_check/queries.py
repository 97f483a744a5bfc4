"""The queries of a comparison: a fixed seed, from the library itself and the topics that the ranking was trained on."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec

from appliance.scripture.canon import Testament
from appliance.scripture.search.ranking.learned import SHIPPED, TOPICS, load_topics
from server.bootstrap import Appliance, open_appliance
from server.sample_queries import FRAMES, SELECT_VERSES, halves, misspell, phrases

TOPIC_QUERIES, KNOWN_ITEMS, QUESTIONS, SPANISH, MISSPELT = 200, 100, 100, 50, 50
SPANISH_TEXT, SPANISH_WORDS = "RV1909", (3, 8)
# Every so many queries search one testament only, or show another translation.
ONE_TESTAMENT, OTHER_TEXT = 10, 7


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a search."""

    q: str
    translation: str = "WEB"
    testament: Testament | None = None


def make_queries(home: Path) -> list[Query]:
    """500 queries; the same for the same library."""
    appliance = open_appliance(home)
    random = Random(20)
    try:
        texts = [*_topics(random), *_known_items(appliance, random), *_misspelt(appliance, random)]
        english = [
            Query(
                q=text,
                translation="KJV" if number % OTHER_TEXT == 0 else "WEB",
                testament=random.choice(list(Testament)) if number % ONE_TESTAMENT == 0 else None,
            )
            for number, text in enumerate(texts)
        ]
        return [*english, *_spanish(appliance, random)]
    finally:
        appliance.close()


def _topics(random: Random) -> Iterator[str]:
    names = random.sample(load_topics(SHIPPED / TOPICS).names, TOPIC_QUERIES + QUESTIONS)
    yield from names[:TOPIC_QUERIES]
    for number, name in enumerate(names[TOPIC_QUERIES:]):
        yield FRAMES[number % len(FRAMES)].format(name)


def _known_items(appliance: Appliance, random: Random) -> Iterator[str]:
    for text in ("WEB", "KJV"):
        for item in random.sample(list(halves(appliance.library, text, random)), KNOWN_ITEMS // 2):
            yield item.query


def _misspelt(appliance: Appliance, random: Random) -> Iterator[str]:
    for item in random.sample(list(phrases(appliance.library, random)), MISSPELT):
        yield misspell(item.query, random)


def _spanish(appliance: Appliance, random: Random) -> Iterator[Query]:
    """Beginnings of Spanish verses, and English topics that a reader of Spanish looks for."""
    verses = [str(text) for _, text in appliance.library.reader.rows(SELECT_VERSES, (SPANISH_TEXT,))]
    for verse in random.sample(verses, SPANISH // 2):
        yield Query(q=" ".join(verse.split()[: random.randint(*SPANISH_WORDS)]), translation=SPANISH_TEXT)
    for name in random.sample(load_topics(SHIPPED / TOPICS).names, SPANISH - SPANISH // 2):
        yield Query(q=name, translation=SPANISH_TEXT)
