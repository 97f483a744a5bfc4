"""Queries of people who half remember a verse, made from the library itself with a seed: for measurements and comparisons."""

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


class NothingToRemember(NotFound):
    """The library lacks the texts that the questions are made of."""


class Item(msgspec.Struct, frozen=True):
    """What is typed, and the words of the verse that is meant."""

    query: str
    words: list[str]


def numbered_verses(library: Database, text: str) -> list[tuple[int, str]]:
    """The verses of a translation with their ids, without titles. Raises NothingToRemember."""
    rows = library.reader.rows(SELECT_VERSES, (text,))
    if not rows:
        raise NothingToRemember(f"The library has no {text}.", remedy="`lampstand library import` brings it.")
    return [(int(verse_id), str(verse)) for verse_id, verse in rows]


def halves(library: Database, text: str, random: Random) -> Iterator[Item]:
    """Contiguous halves of verses of twelve words or more, a fifth of their words dropped. Raises NothingToRemember."""
    long = [words for _, verse in numbered_verses(library, text) if len(words := words_of(verse)) >= MIN_WORDS]
    for words in random.sample(long, ITEMS):
        half = len(words) // 2
        start = random.choice((0, len(words) - half))
        part = list(enumerate(words[start : start + half]))
        for dropped in random.sample(part, half // DROPPED):
            part.remove(dropped)
        yield Item(" ".join(word for _, word in part), words)


def phrases(library: Database, random: Random) -> Iterator[Item]:
    """Five to eight words of the WEB as they stand. Raises NothingToRemember."""
    long = [words for _, verse in numbered_verses(library, "WEB") if len(words := words_of(verse)) >= MIN_WORDS]
    for words in random.sample(long, ITEMS):
        length = random.randint(5, 8)
        start = random.randint(0, len(words) - length)
        yield Item(" ".join(words[start : start + length]), words)


def misspell(phrase: str, random: Random) -> str:
    """A phrase in which one word of six letters or more has two letters exchanged, one doubled, dropped or changed."""
    words = phrase.split()
    long = [number for number, word in enumerate(words) if len(word) >= 6 and word.isalpha()]
    if long:
        number = random.choice(long)
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
