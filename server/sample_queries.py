"""Simulated queries of people who half remember a verse, for measurements. A seed makes the queries reproducible."""

from collections.abc import Iterator
from random import Random

import msgspec

from appliance.errors import NotFound
from appliance.infrastructure.database import Database
from appliance.scripture.search.in_order import words_of

ITEMS = 300
MIN_WORDS, DROPPED = 12, 5
FRAMES = (
    "What does the Bible say about {}?",
    "what does scripture teach about {}",
    "How does the bible speak of {}?",
    "Tell me about {}",
)
SELECT_VERSES = "SELECT verse_id, text FROM verses WHERE translation = ? AND verse_id % 1000 > 0 ORDER BY verse_id"


class TranslationMissing(NotFound):
    """The library does not have the translation for the queries."""


class Item(msgspec.Struct, frozen=True):
    """A query and the words of the intended verse."""

    query: str
    words: list[str]


def numbered_verses(library: Database, text: str) -> list[tuple[int, str]]:
    """Return the id and text of each verse of a translation, without titles. Raises TranslationMissing."""
    rows = library.reader.rows(SELECT_VERSES, (text,))
    if not rows:
        raise TranslationMissing(
            f"The library has no translation {text}.", remedy="Import it with `lampstand library import`."
        )
    return [(int(verse_id), str(verse)) for verse_id, verse in rows]


def halves(library: Database, text: str, random: Random) -> Iterator[Item]:
    """Yield halves of verses that have at least twelve words, without a fifth of the words. Raises TranslationMissing."""
    long_verses = [words for _, verse in numbered_verses(library, text) if len(words := words_of(verse)) >= MIN_WORDS]
    for words in random.sample(long_verses, ITEMS):
        half = len(words) // 2
        start = random.choice((0, len(words) - half))
        part = list(enumerate(words[start : start + half]))
        for dropped in random.sample(part, half // DROPPED):
            part.remove(dropped)
        yield Item(" ".join(word for _, word in part), words)


def phrases(library: Database, random: Random) -> Iterator[Item]:
    """Yield phrases of five to eight consecutive words of the translation WEB. Raises TranslationMissing."""
    long_verses = [words for _, verse in numbered_verses(library, "WEB") if len(words := words_of(verse)) >= MIN_WORDS]
    for words in random.sample(long_verses, ITEMS):
        length = random.randint(5, 8)
        start = random.randint(0, len(words) - length)
        yield Item(" ".join(words[start : start + length]), words)


def misspell(phrase: str, random: Random) -> str:
    """Misspell one word of at least six letters: swap two letters, or double, drop or change one."""
    words = phrase.split()
    long_words = [number for number, word in enumerate(words) if len(word) >= 6 and word.isalpha()]
    if long_words:
        number = random.choice(long_words)
        word, at = words[number], random.randint(1, len(words[number]) - 2)
        words[number] = random.choice(
            (
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                word[:at] + word[at] + word[at:],
                word[:at] + word[at + 1 :],
                word[:at] + random.choice("aeinorst") + word[at + 1 :],
            )
        )
    return " ".join(words)
