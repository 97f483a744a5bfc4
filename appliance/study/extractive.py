"""Answers without a chat model: the best passages, under the topic headings that cite these passages, with no new text.

The format is simple Markdown: `## heading`, then `> quotation [n]` with the number of the source.
"""

import math
import re
from collections.abc import Iterator

from appliance.scripture.dictionaries.topics import TopicCitation
from appliance.study.answer import Source
from appliance.study.retrieval import Retrieved

_WORD = re.compile(r"\w{3,}")
NO_TOPIC = "More passages"
# The weights of two reasons to use a heading: it is about the question, or several passages share its topic.
ABOUT_WEIGHT = 3.0
SHARED_WEIGHT = 1.0
# A shared topic with more citations than this counts little, because it may cite half the Bible.
COMMON_SIZE = 50
MIN_FITNESS = 0.03


def write_extract(retrieved: Retrieved) -> Iterator[str]:
    """Yield the pieces of the answer. Each piece is a heading or a quotation."""
    if not retrieved.sources:
        yield "No passages were found for this question. Try other words, or the name of a topic.\n"
        return
    citations = _best_citations(retrieved)
    groups: dict[str | None, list[Source]] = {}
    for source in retrieved.sources:
        citation = citations.get(source.number)
        groups.setdefault(citation.topic if citation else None, []).append(source)
    for topic, group in sorted(groups.items(), key=lambda item: item[0] is None):
        headings = {citations[source.number].heading for source in group if topic}
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


def _best_citations(retrieved: Retrieved) -> dict[int, TopicCitation]:
    """Return the citation with the best heading for each source. A source without a suitable heading is left out."""
    sources_per_topic: dict[str, int] = {}
    for citations in retrieved.citations.values():
        for topic in {citation.topic for citation in citations}:
            sources_per_topic[topic] = sources_per_topic.get(topic, 0) + 1
    question_words = {_stem(word) for word in _WORD.findall(retrieved.subject.lower())}

    def fitness(citation: TopicCitation) -> float:
        words = {_stem(word) for word in _WORD.findall(f"{citation.topic} {citation.heading}".lower())}
        about = len(question_words & words) / math.sqrt(1 + len(words))
        specificity = 1 / (1 + citation.size / COMMON_SIZE)
        other_sources = sources_per_topic[citation.topic] - 1
        return ABOUT_WEIGHT * about + SHARED_WEIGHT * specificity * other_sources / len(retrieved.sources)

    def rank(citation: TopicCitation) -> tuple[float, int, str]:
        return fitness(citation), citation.start - citation.end, citation.topic

    best_citations: dict[int, TopicCitation] = {}
    for number, citations in retrieved.citations.items():
        best = max(citations, key=rank, default=None)
        if best and fitness(best) >= MIN_FITNESS:
            best_citations[number] = best
    return best_citations


def _stem(word: str) -> str:
    return re.sub(r"(?:iness|ness|ings?|ies|ied|iety|ed|es|s|y|e|ty|ous)$", "", word)
