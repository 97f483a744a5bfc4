"""Conversion of verse numbers between versifications."""

import pytest

from appliance.scripture.canon import BOOK_BY_OSIS, osis_of, verse_id
from appliance.scripture.numbering import numbering
from appliance.scripture.versification import HUB, versification

NAMES = ("KJV", "KJVA", "NRSV", "MT", "Leningrad", "LXX", "Vulg", "Catholic", "Synodal", "German", "Luther")


def number_of(osis: str) -> int:
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
    assert hub == osis_of(numbering(name).to_hub(number_of(own)))
    assert own == osis_of(numbering(name).from_hub(number_of(hub)))


@pytest.mark.parametrize(
    ("name", "hub", "own"),
    [("KJV", "3John.1.15", "3John.1.14"), ("KJV", "Rev.12.18", "Rev.13.1"), ("Catholic", "2Cor.13.14", "2Cor.13.13")],
)
def test_a_joined_verse_maps_to_the_verse_with_its_words(name: str, hub: str, own: str) -> None:
    assert own == osis_of(numbering(name).from_hub(number_of(hub)))
    assert own == osis_of(numbering(name).to_hub(number_of(own)))


@pytest.mark.parametrize("name", NAMES)
def test_every_verse_of_the_hub_maps_to_an_existing_verse(name: str) -> None:
    """In each book that both versifications have, every verse of the hub maps to an existing verse."""
    numbers, own = numbering(name), versification(name)
    for division in versification(HUB).divisions:
        own_division = own.division(division.book)
        # Greek Esther has additions between its verses. Parts of Daniel and Baruch map to separate books.
        if own_division is None or division.book.osis in ("Esth", "Dan", "PrAzar", "Bar"):
            continue
        existing = {
            verse_id(division.book, chapter, verse)
            for chapter, count in enumerate(own_division.verses, start=1)
            for verse in range(count + 1)
        }
        for chapter, count in enumerate(division.verses, start=1):
            missing = [
                verse
                for verse in range(1, count + 1)
                if numbers.from_hub(verse_id(division.book, chapter, verse)) not in existing
            ]
            assert [] == [f"{division.book.osis}.{chapter}.{verse}" for verse in missing]


def test_the_hub_does_not_differ_from_itself() -> None:
    assert not numbering(HUB).differs
