"""Divisions that are no scripture."""

from appliance.scripture.importers.apparatus import Apparatus


def test_an_introduction_is_left_when_its_element_ends() -> None:
    apparatus = Apparatus()

    assert apparatus.enter({"type": "introduction"})
    assert not apparatus.enter({"type": "section"})
    assert 1 == apparatus.depth
    apparatus.leave()
    assert 1 == apparatus.depth
    apparatus.leave()
    assert 0 == apparatus.depth


def test_milestones_begin_and_end_one() -> None:
    apparatus = Apparatus()
    apparatus.enter({"type": "glossary", "sID": "a"})
    assert 1 == apparatus.depth

    apparatus.enter({"type": "glossary", "eID": "a"})
    apparatus.enter({"type": "glossary", "eID": "lost"})
    assert 0 == apparatus.depth


def test_a_book_is_scripture_whatever_was_left_open() -> None:
    apparatus = Apparatus()
    apparatus.enter({"type": "front", "sID": "a"})

    assert not apparatus.enter({"type": "book"})
    assert 0 == apparatus.depth


def test_ends_without_a_beginning_are_tolerated() -> None:
    apparatus = Apparatus()
    apparatus.leave()

    assert 0 == apparatus.depth
