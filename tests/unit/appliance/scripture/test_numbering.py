"""Verses under the numbers of other versifications."""

import pytest

from appliance.scripture.canon import BOOK_BY_OSIS, osis_of, verse_id
from appliance.scripture.numbering import numbering
from appliance.scripture.versification import HUB, versification

NAMES = ("KJV", "KJVA", "NRSV", "MT", "Leningrad", "LXX", "Vulg", "Catholic", "Synodal", "German", "Luther")


def of(osis: str) -> int:
    book, chapter, verse = osis.split(".")
    return verse_id(BOOK_BY_OSIS[book], int(chapter), int(verse))


@pytest.mark.parametrize(
    ("name", "own", "hub"),
    [
        ("Vulg", "Ps.22.1", "Ps.23.1"),
        ("LXX", "Ps.22.1", "Ps.23.1"),
        ("Vulg", "Ps.118.105", "Ps.119.105"),
        ("Vulg", "Ps.50.1", "Ps.51.0"),
        ("Vulg", "Ps.50.3", "Ps.51.1"),
        ("MT", "Ps.51.3", "Ps.51.1"),
        ("Vulg", "Ps.9.22", "Ps.10.1"),
        ("LXX", "Ps.9.22", "Ps.10.1"),
        ("LXX", "Ps.113.9", "Ps.115.1"),
        ("Vulg", "Ps.114.1", "Ps.116.1"),
        ("Vulg", "Ps.115.1", "Ps.116.10"),
        ("Vulg", "Ps.146.1", "Ps.147.1"),
        ("Vulg", "Ps.148.1", "Ps.148.1"),
        ("LXX", "Ps.151.1", "AddPs.1.1"),
        ("MT", "Joel.3.1", "Joel.2.28"),
        ("MT", "Joel.4.1", "Joel.3.1"),
        ("MT", "Mal.3.19", "Mal.4.1"),
        ("MT", "Gen.32.1", "Gen.31.55"),
        ("MT", "Gen.32.2", "Gen.32.1"),
        ("MT", "Jonah.2.1", "Jonah.1.17"),
        ("MT", "1Chr.5.41", "1Chr.6.15"),
        ("MT", "Neh.3.38", "Neh.4.6"),
        ("Vulg", "Dan.3.24", "PrAzar.1.1"),
        ("Vulg", "Dan.3.91", "Dan.3.24"),
        ("Vulg", "Dan.3.98", "Dan.4.1"),
        ("Vulg", "Dan.4.1", "Dan.4.4"),
        ("Catholic", "Dan.13.1", "Sus.1.1"),
        ("Synodal", "EpJer.1.1", "Bar.6.1"),
    ],
)
def test_known_differences(name: str, own: str, hub: str) -> None:
    assert hub == osis_of(numbering(name).to_hub(of(own)))
    assert own == osis_of(numbering(name).from_hub(of(hub)))


@pytest.mark.parametrize(
    ("name", "hub", "own"),
    [("KJV", "3John.1.15", "3John.1.14"), ("KJV", "Rev.12.18", "Rev.13.1"), ("Catholic", "2Cor.13.14", "2Cor.13.13")],
)
def test_what_another_joins_is_found_where_its_words_are(name: str, hub: str, own: str) -> None:
    assert own == osis_of(numbering(name).from_hub(of(hub)))
    assert own == osis_of(numbering(name).to_hub(of(own)))


@pytest.mark.parametrize("name", NAMES)
def test_every_verse_of_the_hub_is_found(name: str) -> None:
    """In each book that both have, a verse of the hub leads to a verse that the versification has."""
    mapped, own = numbering(name), versification(name)
    for division in versification(HUB).divisions:
        other = own.division(division.book)
        # Greek Esther has its additions between the verses; Daniel and Baruch lead to books of their own.
        if other is None or division.book.osis in ("Esth", "Dan", "PrAzar", "Bar"):
            continue
        there = {
            verse_id(division.book, chapter, verse)
            for chapter, count in enumerate(other.verses, start=1)
            for verse in range(count + 1)
        }
        for chapter, count in enumerate(division.verses, start=1):
            lost = [v for v in range(1, count + 1) if mapped.from_hub(verse_id(division.book, chapter, v)) not in there]
            assert [] == [f"{division.book.osis}.{chapter}.{verse}" for verse in lost]


def test_the_hub_is_itself() -> None:
    assert not numbering(HUB).differs
