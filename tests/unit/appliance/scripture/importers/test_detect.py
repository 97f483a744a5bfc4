"""Detection of the format of a file or folder."""

from pathlib import Path

import pytest

from appliance.scripture.importers.detect import SourceNotFound, open_sources
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.links.kinds import CROSS_REFERENCES, TOPIC_VOTES
from appliance.scripture.translations.kinds import TRANSLATION

USFM = "\\id JUD\n\\c 1\n\\v 1 Jude\n"
OSIS = '<osis><osisText osisIDWork="Sample"></osisText></osis>'
LINKS = "Gen.1.1\tJohn.1.1\t5\n"
VOTES = "light\tGen.1.3\tGen.1.4\t5\n"


@pytest.mark.parametrize(
    ("content", "kind", "item_id"),
    [
        (USFM, TRANSLATION, "file"),
        (f"\ufeff\n{USFM}", TRANSLATION, "file"),
        (OSIS, TRANSLATION, "Sample"),
        (LINKS, CROSS_REFERENCES, "CrossReferences"),
        (VOTES, TOPIC_VOTES, "TopicVotes"),
    ],
)
def test_the_format_of_a_file_is_detected_from_its_beginning(
    tmp_path: Path, content: str, kind: object, item_id: str
) -> None:
    (tmp_path / "file.anything").write_text(content, encoding="utf-8")

    with open_sources(str(tmp_path / "file.anything")) as (source,):
        assert (kind, item_id) == (source.kind, source.id)


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Anna")

    with (
        pytest.raises(SourceUnreadable, match=r"The format of letter\.txt is not supported"),
        open_sources(str(tmp_path / "letter.txt")),
    ):
        pass


def test_only_items_with_the_given_ids_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text(LINKS)
    (tmp_path / "b.tsv").write_text(VOTES)

    with open_sources(str(tmp_path), only=frozenset({"TopicVotes"})) as sources:
        assert ["TopicVotes"] == [source.id for source in sources]
    with (
        pytest.raises(SourceNotFound, match="none of Nave") as raised,
        open_sources(str(tmp_path), only=frozenset({"Nave"})),
    ):
        pass
    assert "Choose from CrossReferences, TopicVotes." == raised.value.remedy


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="contains no file in a supported format"), open_sources(str(tmp_path)):
        pass


def test_a_missing_path_is_not_found() -> None:
    with pytest.raises(SourceNotFound), open_sources("/nowhere/at/all.zip"):
        pass
