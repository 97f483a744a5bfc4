"""All kinds of library items, as the command line and the pages group them.

Each is declared in the package of its subject. A new kind is declared there, and added here.
"""

from typing import Any

from appliance.scripture.commentaries.kinds import COMMENTARY
from appliance.scripture.dictionaries.kinds import LEXICON, TOPICS
from appliance.scripture.entities.kinds import ENTITIES
from appliance.scripture.library.kind import ItemKind
from appliance.scripture.links.kinds import CROSS_REFERENCES, TOPIC_VOTES
from appliance.scripture.translations.kinds import TRANSLATION

DICTIONARIES: tuple[ItemKind[Any], ...] = (LEXICON, TOPICS)
# Everything beside translations and dictionaries.
DATA_SETS: tuple[ItemKind[Any], ...] = (CROSS_REFERENCES, TOPIC_VOTES, COMMENTARY, ENTITIES)
KINDS: tuple[ItemKind[Any], ...] = (TRANSLATION, *DICTIONARIES, *DATA_SETS)
_BY_NAME = {kind.name: kind for kind in KINDS}


def kind_named(name: str) -> ItemKind[Any]:
    """The kind of a library item, by the name that is stored with it."""
    return _BY_NAME[name]
