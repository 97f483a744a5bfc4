"""The page of a verse: related passages, topics that cite it, people and places, and commentaries."""

import string
from collections.abc import Mapping

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from appliance.community.accounts.permissions import Permission
from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.interface import Graph, GraphDamaged, GraphMissing
from appliance.scripture.canon import one_verse, osis_of
from appliance.scripture.commentaries import queries as commentaries
from appliance.scripture.dictionaries import queries as dictionaries
from appliance.scripture.entities import queries as entities
from appliance.scripture.graph.neighbourhood import Neighbourhood, lay_out
from appliance.scripture.graph.related import Reason, ReasonKind, related
from appliance.scripture.references import format_verse, parse_reference
from appliance.scripture.translations import queries
from appliance.scripture.translations.queries import Translations
from appliance.scripture.translations.translation import Translation
from server.http.access import rule
from server.http.rendering import read_address

MAX_RELATED, MAX_TOPICS, MAX_COMMENTS = 20, 24, 40


class RelatedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A related passage for the page."""

    reference: str
    address: str
    text: str
    because: str


class VersePagesController(Controller):
    include_in_schema = False
    opt = rule(Permission.READ)

    @get("/verse/{translation:str}/{reference:str}", sync_to_thread=True)
    def verse(
        self,
        library: NamedDependency[Database],
        all_translations: NamedDependency[Translations],
        graph: NamedDependency[Graph],
        translation: FromPath[str],
        reference: FromPath[str],
    ) -> Template:
        current_translation = all_translations.choose(translation)
        verse_id = parse_reference(reference).start
        neighbours = _neighbours(library, graph, current_translation, verse_id)
        topics = dictionaries.citing_topics(library, one_verse(verse_id), limit=MAX_TOPICS)
        comments = commentaries.comments(library, parse_reference(reference), limit=MAX_COMMENTS)
        return Template(
            "verse.html",
            context={
                "reference": format_verse(verse_id),
                "osis": osis_of(verse_id),
                "translation": current_translation,
                "related": neighbours.lines,
                "address": read_address(current_translation.id, verse_id),
                "notice": neighbours.notice,
                "text": queries.texts(library, current_translation, [verse_id]).get(verse_id, ""),
                "picture": neighbours.picture,
                "entities": entities.entities_in(library, one_verse(verse_id)).items,
                "topics": topics.items,
                "comments": comments.items,
                "more_comments": comments.next_after is not None,
            },
        )


class _Neighbours(msgspec.Struct, frozen=True, kw_only=True):
    """The passages related to a verse, as lines and as a picture. If both are missing, `notice` says why."""

    lines: list[RelatedLine] = []
    picture: Neighbourhood | None = None
    notice: str = ""


def _neighbours(library: Database, graph: Graph, current_translation: Translation, verse_id: int) -> _Neighbours:
    try:
        passages = related(graph, verse_id, MAX_RELATED)
    except (GraphMissing, GraphDamaged) as error:
        return _Neighbours(notice=str(error))
    texts = queries.texts(library, current_translation, [passage.verse_id for passage in passages])
    reasons = [reason for passage in passages for reason in passage.reasons]
    words = {name for reason in reasons if reason.kind is ReasonKind.WORD for name in reason.names}
    lemmas = dictionaries.lemmas(library, words)
    lines = [
        RelatedLine(
            reference=passage.reference,
            address=read_address(current_translation.id, passage.verse_id),
            text=texts[passage.verse_id],
            because="; ".join(because(reason, lemmas) for reason in passage.reasons),
        )
        for passage in passages
        if passage.verse_id in texts
    ]
    return _Neighbours(lines=lines, picture=lay_out(verse_id, passages, lemmas) if passages else None)


def because(reason: Reason, lemmas: Mapping[str, str]) -> str:
    """Describe a reason for the reader. For a Greek or Hebrew word, show the lemma if a dictionary has the word."""
    names = ", ".join(lemmas.get(name, name) for name in reason.names)
    more = f" and {reason.count - len(reason.names)} more" if reason.count > len(reason.names) else ""
    return {
        ReasonKind.CROSS_REFERENCE: "cross-reference",
        ReasonKind.REFERRED_FROM: "cross-reference from that verse",
        ReasonKind.BY_WAY_OF: f"{reason.count} shared cross-reference{'s' if reason.count > 1 else ''}",
        ReasonKind.TOPIC: f"topic {string.capwords(names)}{more}",
        ReasonKind.WORD: f"rare word {names}{more}",
    }[reason.kind]
