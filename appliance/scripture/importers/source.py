"""What an importer hands over: a text with its verses, or a dictionary with its entries."""

from collections.abc import Callable, Iterator

import msgspec

from appliance.errors import Refused
from appliance.scripture.commentaries.comment import Comment
from appliance.scripture.dictionaries.lexicon import LexiconEntry
from appliance.scripture.dictionaries.topics import Topic
from appliance.scripture.entities.entity import Entity
from appliance.scripture.links.link import CrossReference, TopicVote
from appliance.scripture.translations.verse import Verse

# Part of what the library remembers of a text: raised when a reader of ours is mended, so that texts are read again.
IMPORTER_VERSION = 2


class SourceUnreadable(Refused):
    """What was given cannot be read as what it claims to be."""


class TextSource(msgspec.Struct, frozen=True, kw_only=True):
    """A translation ready to be read. `verses` reads the source anew at each call; `digest` changes when it does."""

    id: str
    name: str
    language: str
    versification: str
    licence: str
    attribution: str
    origin: str
    digest: str
    verses: Callable[[], Iterator[Verse]]
    known_long: frozenset[str] = frozenset()
    known_absent: frozenset[str] = frozenset()
    expected_verses: int | None = None


class LexiconSource(msgspec.Struct, frozen=True, kw_only=True):
    """A dictionary by Strong's number."""

    id: str
    name: str
    licence: str
    attribution: str
    digest: str
    entries: Callable[[], Iterator[LexiconEntry]]


class TopicSource(msgspec.Struct, frozen=True, kw_only=True):
    """A topical dictionary."""

    id: str
    name: str
    licence: str
    attribution: str
    digest: str
    topics: Callable[[], Iterator[Topic]]


class CrossReferenceSource(msgspec.Struct, frozen=True, kw_only=True):
    """Links from verse to verse."""

    id: str
    name: str
    licence: str
    attribution: str
    digest: str
    links: Callable[[], Iterator[CrossReference]]


class TopicVoteSource(msgspec.Struct, frozen=True, kw_only=True):
    """Topics and the verses that readers voted for."""

    id: str
    name: str
    licence: str
    attribution: str
    digest: str
    votes: Callable[[], Iterator[TopicVote]]


class CommentarySource(msgspec.Struct, frozen=True, kw_only=True):
    """A commentary on verses."""

    id: str
    name: str
    licence: str
    attribution: str
    digest: str
    comments: Callable[[], Iterator[Comment]]


class EntitySource(msgspec.Struct, frozen=True, kw_only=True):
    """People, places and events."""

    id: str
    name: str
    licence: str
    attribution: str
    digest: str
    entities: Callable[[], Iterator[Entity]]


Source = (
    EntitySource | CommentarySource | TextSource | LexiconSource | TopicSource | CrossReferenceSource | TopicVoteSource
)
