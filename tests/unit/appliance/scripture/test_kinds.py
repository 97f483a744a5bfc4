"""The kinds of library items."""

from fakes.library_items import ENTRIES

from appliance.scripture.kinds import KINDS, kind_named


def test_each_kind_is_found_by_its_name() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert all(kind_named(kind.name) is kind for kind in KINDS)


def test_the_test_entries_cover_every_kind() -> None:
    assert {kind.name for kind in KINDS} == {kind.name for kind in ENTRIES}
