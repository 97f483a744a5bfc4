"""An answer without a chat model: passages under the headings of topics that say why they are here."""

from appliance.scripture.dictionaries.topics import TopicCitation
from appliance.study.answer import Source
from appliance.study.extractive import COMMON_SIZE, NO_TOPIC, write_extract
from appliance.study.retrieval import Retrieved


def cited(topic: str, heading: str = "", size: int = 3) -> TopicCitation:
    return TopicCitation(topic=topic, heading=heading, start=1, end=1, size=size)


def extract(subject: str, *citations: list[TopicCitation]) -> str:
    """The answer from one source for each list of headings that cite it."""
    sources = tuple(
        Source(number=number, reference=f"Ref {number}", osis="", start=number, end=number, text=f"Text {number}.")
        for number in range(1, len(citations) + 1)
    )
    by_number = dict(enumerate(citations, start=1))
    return "".join(write_extract(Retrieved(subject=subject, sources=sources, citations=by_number, notice=None)))


def test_a_question_without_passages_is_answered_by_a_sentence() -> None:
    assert extract("lamps").startswith("No passage was found for this question.")


def test_a_passage_is_quoted_with_its_number_under_a_heading_about_the_question() -> None:
    answer = extract("anxiety", [cited("GOD"), cited("ANXIETY"), cited("BIRDS")])

    assert "## Anxiety\n\n> Text 1. — Ref 1 [1]\n\n" == answer


def test_a_heading_is_about_the_question_in_other_forms_of_its_words() -> None:
    assert extract("loving neighbours", [cited("WAR"), cited("LOVE", "Of the neighbour")]).startswith(
        "## Love — Of the neighbour\n"
    )


def test_a_passage_whose_topics_say_nothing_of_the_question_has_no_heading() -> None:
    answer = extract("anxiety", [cited("BIRDS")], [])

    assert "> Text 1. — Ref 1 [1]\n\n> Text 2. — Ref 2 [2]\n\n" == answer


def test_passages_without_a_heading_come_last() -> None:
    answer = extract("anxiety", [], [cited("ANXIETY")])

    assert f"## Anxiety\n\n> Text 2. — Ref 2 [2]\n\n## {NO_TOPIC}\n\n> Text 1. — Ref 1 [1]\n\n" == answer


def test_a_topic_that_several_passages_share_is_a_heading_where_none_is_about_the_question() -> None:
    answer = extract("anxiety", [cited("BIRDS"), cited("FOOD")], [cited("BIRDS")], [cited("CLOTHES")])

    assert answer.startswith("## Birds\n\n> Text 1. — Ref 1 [1]\n\n> Text 2. — Ref 2 [2]\n\n")


def test_a_topic_that_cites_half_the_bible_says_little_by_being_shared() -> None:
    everywhere = cited("GOD", size=100 * COMMON_SIZE)

    assert "##" not in extract("anxiety", [everywhere], [everywhere])
    assert "## Birds" in extract("anxiety", [everywhere, cited("BIRDS")], [everywhere, cited("BIRDS")])


def test_a_title_names_the_heading_where_all_its_passages_have_the_same() -> None:
    same, other = cited("ANXIETY", "FORBIDDEN"), cited("ANXIETY", "Examples of")

    assert extract("anxiety", [same], [same]).startswith("## Anxiety — Forbidden\n")
    assert extract("anxiety", [same], [other]).startswith("## Anxiety\n")
    assert extract("anxiety", [cited("Anxiety", "ANXIETY")]).startswith("## Anxiety\n"), "not twice the same word"
