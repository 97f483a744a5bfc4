"""Divisions that are not scripture."""

from appliance.scripture.importers.apparatus import Apparatus


def test_an_introduction_ends_with_its_element() -> None:
    apparatus = Apparatus()

    assert apparatus.enter({"type": "introduction"})
    assert not apparatus.enter({"type": "section"})
    assert 1 == apparatus.depth
    apparatus.leave()
    assert 1 == apparatus.depth
    apparatus.leave()
    assert 0 == apparatus.depth


def test_milestones_begin_and_end_a_division() -> None:
    apparatus = Apparatus()
    apparatus.enter({"type": "glossary", "sID": "a"})
    assert 1 == apparatus.depth

    apparatus.enter({"type": "glossary", "eID": "a"})
    apparatus.enter({"type": "glossary", "eID": "lost"})
    assert 0 == apparatus.depth


def test_a_book_ends_divisions_that_were_left_open() -> None:
    apparatus = Apparatus()
    apparatus.enter({"type": "front", "sID": "a"})

    assert not apparatus.enter({"type": "book"})
    assert 0 == apparatus.depth


def test_an_end_without_a_start_is_ignored() -> None:
    apparatus = Apparatus()
    apparatus.leave()

    assert 0 == apparatus.depth
