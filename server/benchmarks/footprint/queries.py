"""The queries of the measurement. Each run on a library uses the same queries.

No query is repeated, because the vector of a repeated query would be cached.
"""

from collections.abc import Callable
from random import Random

import msgspec

from appliance.infrastructure.database import Database
from appliance.scripture.dictionaries.queries import browse_topics
from appliance.scripture.search.hits import Mode
from appliance.scripture.search.in_order import words_of
from server.benchmarks.search import MAX_TOPICS, SELECT_SOME, NothingToSearch

SEED = 20
# The modes of each ten queries: five hybrid, two by words, two by meaning, one by Strong's number.
MODES = [Mode.HYBRID] * 5 + [Mode.KEYWORD] * 2 + [Mode.SEMANTIC] * 2 + [Mode.STRONGS]
FIRST_WORDS, PHRASE_WORDS = 5, 3
SHORT_WORD = 3
TRIES = 100
SELECT_LEMMAS = "SELECT strongs FROM lexicon ORDER BY strongs"
QUESTIONS = (
    "How can I forgive a neighbour who lied about me?",
    "What should I do when I am afraid at night?",
    "Where does a grieving family find comfort?",
    "Why do good people suffer for years?",
    "How should money be shared between brothers?",
    "What is said to someone who works too much?",
    "May a leader ask for help?",
    "How do friends make peace after a quarrel?",
    "What does rest mean for a farmer?",
    "Is it wrong to be angry with a child?",
    "Who welcomed strangers into a home?",
    "What helps against envy of the rich?",
    "How do I pray when words fail me?",
    "What is promised to people who are alone?",
    "When should a person keep silent?",
    "What do the old teach the young?",
    "How is a promise kept when it costs much?",
    "What is the use of a small gift?",
)
FRAMES = (
    "What is said about {word}?",
    "How can {word} and {other} belong together?",
    "a story about {word}",
    "Why does {word} matter to a family?",
    "verses about {word} and {other} for a funeral",
    "{word} without {other}",
    "help with {word}",
)


class Material(msgspec.Struct, frozen=True):
    """The content of queries: topics, verses of the translation that has vectors, Strong's numbers."""

    topics: list[str]
    verses: list[str]
    lemmas: list[str]


class Query(msgspec.Struct, frozen=True):
    q: str
    mode: Mode = Mode.HYBRID
    testament: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        return {"q": self.q, "mode": self.mode.value} | ({"testament": self.testament} if self.testament else {})


def material_of(library: Database, translation: str) -> Material:
    """Return the content of a library for queries. `translation` is the id of the translation that has vectors."""
    rows = library.reader.rows
    return Material(
        [topic.headword.lower() for topic in browse_topics(library, "", limit=MAX_TOPICS)],
        [str(verse) for (verse,) in rows(SELECT_SOME, (translation,))],
        [str(lemma) for (lemma,) in rows(SELECT_LEMMAS)],
    )


def first_queries(material: Material, count: int) -> list[Query]:
    """Return queries of five random words of a verse, in the order of the verse. No query is repeated."""
    random = Random(SEED)  # noqa: S311 - the same queries in each run
    verses = [words for verse in material.verses if len(words := words_of(verse)) >= FIRST_WORDS]
    if not verses:
        raise _too_small()

    def make() -> Query:
        words = random.choice(verses)
        return Query(" ".join(words[at] for at in sorted(random.sample(range(len(words)), FIRST_WORDS))))

    return _distinct(make, count)


def varied_queries(material: Material, count: int) -> list[Query]:
    """Return topics, half verses, phrases, prefixes, questions and Strong's numbers in all modes, some with a filter."""
    random = Random(SEED + 1)  # noqa: S311 - the same queries in each run
    makers = _makers(material, random)
    modes = [mode for mode in MODES if mode is not Mode.STRONGS or material.lemmas]

    def make() -> Query:
        mode = random.choice(modes)
        q = random.choice(material.lemmas) if mode is Mode.STRONGS else random.choice(makers)()
        return Query(q, mode, random.choice(("old", "new")) if random.random() < 0.1 else "")

    return _distinct(make, count)


def _makers(material: Material, random: Random) -> list[Callable[[], str]]:
    verses = [words for verse in material.verses if len(words := words_of(verse)) > PHRASE_WORDS]
    words = sorted({word for verse in verses for word in verse if len(word) > SHORT_WORD})
    if not words:
        raise _too_small()

    def beginning() -> str:
        return " ".join(random.choice(verses)[: random.randint(3, 8)])

    def phrase() -> str:
        verse = random.choice(verses)
        at = random.randrange(len(verse) - PHRASE_WORDS)
        return f'"{" ".join(verse[at : at + PHRASE_WORDS])}"'

    def prefix() -> str:
        return f"{random.choice(words)[:SHORT_WORD]}* {random.choice(words)}"

    def question() -> str:
        return random.choice((*QUESTIONS, *FRAMES)).format(word=random.choice(words), other=random.choice(words))

    def pair() -> str:
        return f"{random.choice(words)} {random.choice(words)}"

    def topic() -> str:
        return random.choice(material.topics)

    return [beginning, phrase, prefix, question, pair, *([topic] * 2 if material.topics else [])]


def _distinct(make: Callable[[], Query], count: int) -> list[Query]:
    """Return distinct queries. Raises NothingToSearch if the library has too few words."""
    queries: dict[Query, None] = {}
    for _ in range(count * TRIES):
        queries[make()] = None
        if len(queries) == count:
            return list(queries)
    raise _too_small()


def _too_small() -> NothingToSearch:
    return NothingToSearch("The library has too few words for the queries.", remedy="Import a whole Bible.")
