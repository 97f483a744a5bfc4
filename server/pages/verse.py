"""The page of a verse: what it is tied to, the topics that cite it, what commentaries say."""

import string
from collections.abc import Mapping

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from appliance.community.accounts.permissions import Permission
from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.asking import Graph, GraphDamaged, GraphMissing
from appliance.scripture.canon import one_verse, osis_of
from appliance.scripture.commentaries import queries as commentaries
from appliance.scripture.dictionaries import queries as dictionaries
from appliance.scripture.entities import queries as companions
from appliance.scripture.graph.neighbourhood import Neighbourhood, lay_out
from appliance.scripture.graph.related import Reason, ReasonKind, related
from appliance.scripture.references import format_verse, parse_reference
from appliance.scripture.translations import queries
from appliance.scripture.translations.queries import Translations
from appliance.scripture.translations.translation import Translation
from server.http.access import rule
from server.http.rendering import read_address

RELATED, TOPICS, COMMENTS = 20, 24, 40


class RelatedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A related passage as it is shown."""

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
        shown = all_translations.choose(translation)
        place = parse_reference(reference).start
        around = _around(library, graph, shown, place)
        topics = dictionaries.citing_topics(library, one_verse(place), limit=TOPICS)
        comments = commentaries.comments(library, parse_reference(reference), limit=COMMENTS)
        return Template(
            "verse.html",
            context={
                "reference": format_verse(place),
                "osis": osis_of(place),
                "translation": shown,
                "related": around.lines,
                "address": read_address(shown.id, place),
                "notice": around.notice,
                "text": queries.texts(library, shown, [place]).get(place, ""),
                "picture": around.picture,
                "entities": companions.entities_in(library, one_verse(place)).items,
                "topics": topics.items,
                "comments": comments.items,
                "more_comments": comments.next_after is not None,
            },
        )


class _Around(msgspec.Struct, frozen=True, kw_only=True):
    """What a verse is tied to, as lines and as a picture; `notice` says why there is neither."""

    lines: list[RelatedLine] = []
    picture: Neighbourhood | None = None
    notice: str = ""


def _around(library: Database, graph: Graph, shown: Translation, place: int) -> _Around:
    try:
        found = related(graph, place, RELATED)
    except (GraphMissing, GraphDamaged) as error:
        return _Around(notice=str(error))
    texts = queries.texts(library, shown, [each.verse_id for each in found])
    words = {
        name for each in found for reason in each.reasons if reason.kind is ReasonKind.WORD for name in reason.names
    }
    lemmas = dictionaries.lemmas(library, words)
    lines = [
        RelatedLine(
            reference=each.reference,
            address=read_address(shown.id, each.verse_id),
            text=texts[each.verse_id],
            because="; ".join(because(reason, lemmas) for reason in each.reasons),
        )
        for each in found
        if each.verse_id in texts
    ]
    return _Around(lines=lines, picture=lay_out(place, found, lemmas) if found else None)


def because(reason: Reason, lemmas: Mapping[str, str]) -> str:
    """A reason in words; a word of the original is called by its lemma, where a dictionary has it."""
    names = ", ".join(lemmas.get(name, name) for name in reason.names)
    more = f" and {reason.count - len(reason.names)} more" if reason.count > len(reason.names) else ""
    return {
        ReasonKind.CROSS_REFERENCE: "cross reference",
        ReasonKind.REFERRED_FROM: "refers here",
        ReasonKind.BY_WAY_OF: f"through {reason.count} other{'s' if reason.count > 1 else ''}",
        ReasonKind.TOPIC: f"topic {string.capwords(names)}{more}",
        ReasonKind.WORD: f"rare word {names}{more}",
    }[reason.kind]
