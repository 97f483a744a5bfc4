"""The prompt that makes a chat model answer from its sources."""

from appliance.study.answer import Source
from appliance.study.grounding import MAX_SOURCE_CHARACTERS, grounded_turns


def source(number: int, text: str) -> Source:
    return Source(number=number, reference=f"Genesis 1:{number}", osis="", start=number, end=number, text=text)


def test_the_prompt_asks_for_an_answer_from_numbered_sources_with_citations() -> None:
    system, user = grounded_turns("What is lit?", [source(1, "A lamp."), source(3, "A fire.")])

    assert ("system", "user") == (system.role, user.role)
    assert "from the numbered sources only" in system.content
    assert "in square brackets, such as [1]" in system.content
    assert "Sources:\n[1] Genesis 1:1: A lamp.\n[3] Genesis 1:3: A fire.\n\nQuestion: What is lit?" == user.content


def test_a_long_source_is_shortened() -> None:
    _, user = grounded_turns("What is lit?", [source(1, "x" * (MAX_SOURCE_CHARACTERS + 1))])

    assert MAX_SOURCE_CHARACTERS == user.content.count("x")
