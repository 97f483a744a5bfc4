"""Answers without a chat model: the best passages under the topic headings that cite them; no invented sentence.

The form is a little Markdown: `## heading`, then `> quotation [n]` with the number of the source.
"""

import math
import re
from collections.abc import Iterator

from appliance.scripture.dictionaries.topics import TopicCitation
from appliance.study.answer import Source
from appliance.study.retrieval import Retrieved

_WORD = re.compile(r"\w{3,}")
NO_TOPIC = "More passages"
# How much it counts that a heading is about the question, and that its topic is shared by several passages; a topic that
# cites half the Bible says little by being shared, from this many citations on.
ABOUT_WEIGHT = 3.0
SHARED_WEIGHT = 1.0
COMMON_SIZE = 50
MIN_FITNESS = 0.03


def write_extract(retrieved: Retrieved) -> Iterator[str]:
    """The pieces of the answer, a heading or a quotation each."""
    if not retrieved.sources:
        yield "No passage was found for this question. Try other words, or the name of a topic.\n"
        return
    chosen = _headings(retrieved)
    groups: dict[str | None, list[Source]] = {}
    for source in retrieved.sources:
        citation = chosen.get(source.number)
        groups.setdefault(citation.topic if citation else None, []).append(source)
    for topic, group in sorted(groups.items(), key=lambda item: item[0] is None):
        headings = {chosen[source.number].heading for source in group if topic}
        if topic or len(groups) > 1:
            yield f"## {_title(topic, headings)}\n\n"
        for source in group:
            yield f"> {source.text} — {source.reference} [{source.number}]\n\n"


def _title(topic: str | None, headings: set[str]) -> str:
    if topic is None:
        return NO_TOPIC
    name = topic.capitalize() if topic.isupper() else topic
    detail = next(iter(headings)).strip() if len(headings) == 1 else ""
    detail = detail.capitalize() if detail.isupper() else detail
    return f"{name} — {detail}" if detail and detail.casefold() != name.casefold() else name


def _headings(retrieved: Retrieved) -> dict[int, TopicCitation]:
    """For each source the citing heading that fits best; none where no heading says why the passage is here."""
    shared: dict[str, int] = {}
    for citations in retrieved.citations.values():
        for topic in {citation.topic for citation in citations}:
            shared[topic] = shared.get(topic, 0) + 1
    asked = {_stem(word) for word in _WORD.findall(retrieved.subject.lower())}

    def fitness(citation: TopicCitation) -> float:
        words = {_stem(word) for word in _WORD.findall(f"{citation.topic} {citation.heading}".lower())}
        about = len(asked & words) / math.sqrt(1 + len(words))
        telling = 1 / (1 + citation.size / COMMON_SIZE)
        return ABOUT_WEIGHT * about + SHARED_WEIGHT * telling * (shared[citation.topic] - 1) / len(retrieved.sources)

    chosen: dict[int, TopicCitation] = {}
    for number, citations in retrieved.citations.items():
        best = max(citations, key=lambda each: (fitness(each), each.start - each.end, each.topic), default=None)
        if best and fitness(best) >= MIN_FITNESS:
            chosen[number] = best
    return chosen


def _stem(word: str) -> str:
    return re.sub(r"(?:iness|ness|ings?|ies|ied|iety|ed|es|s|y|e|ty|ous)$", "", word)
