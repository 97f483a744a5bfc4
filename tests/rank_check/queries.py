"""The queries of a comparison. They are made from the library and the training topics, with a fixed seed."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec

from appliance.scripture.canon import Testament
from appliance.scripture.search.ranking.learned import SHIPPED, TOPICS, load_topics
from server.bootstrap import Appliance, open_appliance
from server.sample_queries import FRAMES, SELECT_VERSES, halves, misspell, phrases

TOPIC_QUERIES, KNOWN_ITEMS, QUESTIONS, SPANISH, MISSPELT = 200, 100, 100, 50, 50
SPANISH_TRANSLATION, SPANISH_WORDS = "RV1909", (3, 8)
# Every 10th query searches only one testament. Every 7th query uses another translation.
TESTAMENT_STEP, TRANSLATION_STEP = 10, 7


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a search."""

    q: str
    translation: str = "WEB"
    testament: Testament | None = None


def make_queries(home: Path) -> list[Query]:
    """Create 500 queries. For the same library, the queries are always the same."""
    appliance = open_appliance(home)
    random = Random(20)
    try:
        texts = [*_topics(random), *_known_items(appliance, random), *_misspelt(appliance, random)]
        english = [
            Query(
                q=text,
                translation="KJV" if number % TRANSLATION_STEP == 0 else "WEB",
                testament=random.choice(list(Testament)) if number % TESTAMENT_STEP == 0 else None,
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
    for translation in ("WEB", "KJV"):
        for item in random.sample(list(halves(appliance.library, translation, random)), KNOWN_ITEMS // 2):
            yield item.query


def _misspelt(appliance: Appliance, random: Random) -> Iterator[str]:
    for item in random.sample(list(phrases(appliance.library, random)), MISSPELT):
        yield misspell(item.query, random)


def _spanish(appliance: Appliance, random: Random) -> Iterator[Query]:
    """Queries with the first words of Spanish verses, and with English topics that are searched in a Spanish translation."""
    verses = [str(text) for _, text in appliance.library.reader.rows(SELECT_VERSES, (SPANISH_TRANSLATION,))]
    for verse in random.sample(verses, SPANISH // 2):
        yield Query(q=" ".join(verse.split()[: random.randint(*SPANISH_WORDS)]), translation=SPANISH_TRANSLATION)
    for name in random.sample(load_topics(SHIPPED / TOPICS).names, SPANISH - SPANISH // 2):
        yield Query(q=name, translation=SPANISH_TRANSLATION)
