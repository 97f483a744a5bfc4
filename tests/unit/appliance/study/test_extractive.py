"""Answers without a chat model: passages under topic headings."""

from appliance.scripture.dictionaries.topics import TopicCitation
from appliance.study.answer import Source
from appliance.study.extractive import COMMON_SIZE, NO_TOPIC, write_extract
from appliance.study.retrieval import Retrieved


def cited(topic: str, heading: str = "", size: int = 3) -> TopicCitation:
    return TopicCitation(topic=topic, heading=heading, start=1, end=1, size=size)


def extract(subject: str, *citations: list[TopicCitation]) -> str:
    """The answer for several sources. Each argument is the list of citations of one source."""
    sources = tuple(
        Source(number=number, reference=f"Ref {number}", osis="", start=number, end=number, text=f"Text {number}.")
        for number in range(1, len(citations) + 1)
    )
    by_number = dict(enumerate(citations, start=1))
    return "".join(write_extract(Retrieved(subject=subject, sources=sources, citations=by_number, notice=None)))


def test_the_answer_says_that_no_passages_were_found() -> None:
    assert extract("lamps").startswith("No passages were found for this question.")


def test_a_passage_is_quoted_with_its_number_under_a_heading_about_the_question() -> None:
    answer = extract("anxiety", [cited("GOD"), cited("ANXIETY"), cited("BIRDS")])

    assert "## Anxiety\n\n> Text 1. — Ref 1 [1]\n\n" == answer


def test_a_heading_matches_other_forms_of_the_words_in_the_question() -> None:
    assert extract("loving neighbours", [cited("WAR"), cited("LOVE", "Of the neighbour")]).startswith(
        "## Love — Of the neighbour\n"
    )


def test_a_passage_with_unrelated_topics_has_no_heading() -> None:
    answer = extract("anxiety", [cited("BIRDS")], [])

    assert "> Text 1. — Ref 1 [1]\n\n> Text 2. — Ref 2 [2]\n\n" == answer


def test_passages_without_a_heading_come_last() -> None:
    answer = extract("anxiety", [], [cited("ANXIETY")])

    assert f"## Anxiety\n\n> Text 2. — Ref 2 [2]\n\n## {NO_TOPIC}\n\n> Text 1. — Ref 1 [1]\n\n" == answer


def test_a_shared_topic_is_the_heading_if_no_topic_is_about_the_question() -> None:
    answer = extract("anxiety", [cited("BIRDS"), cited("FOOD")], [cited("BIRDS")], [cited("CLOTHES")])

    assert answer.startswith("## Birds\n\n> Text 1. — Ref 1 [1]\n\n> Text 2. — Ref 2 [2]\n\n")


def test_a_shared_topic_with_very_many_citations_counts_little() -> None:
    common_topic = cited("GOD", size=100 * COMMON_SIZE)

    assert "##" not in extract("anxiety", [common_topic], [common_topic])
    assert "## Birds" in extract("anxiety", [common_topic, cited("BIRDS")], [common_topic, cited("BIRDS")])


def test_a_title_contains_the_heading_that_all_its_passages_share() -> None:
    same, other = cited("ANXIETY", "FORBIDDEN"), cited("ANXIETY", "Examples of")

    assert extract("anxiety", [same], [same]).startswith("## Anxiety — Forbidden\n")
    assert extract("anxiety", [same], [other]).startswith("## Anxiety\n")
    assert extract("anxiety", [cited("Anxiety", "ANXIETY")]).startswith("## Anxiety\n"), (
        "the title does not repeat a word"
    )
