"""All kinds of library items, in the groups that the command line and the pages use.

Each package declares the kinds of its own items. Declare a new kind in its package, and add it to this module.
"""

from typing import Any

from appliance.scripture.commentaries.kinds import COMMENTARY
from appliance.scripture.dictionaries.kinds import LEXICON, TOPICS
from appliance.scripture.entities.kinds import ENTITIES
from appliance.scripture.library.kind import ItemKind
from appliance.scripture.links.kinds import CROSS_REFERENCES, TOPIC_VOTES
from appliance.scripture.translations.kinds import TRANSLATION

DICTIONARIES: tuple[ItemKind[Any], ...] = (LEXICON, TOPICS)
# All kinds except translations and dictionaries.
DATA_SETS: tuple[ItemKind[Any], ...] = (CROSS_REFERENCES, TOPIC_VOTES, COMMENTARY, ENTITIES)
KINDS: tuple[ItemKind[Any], ...] = (TRANSLATION, *DICTIONARIES, *DATA_SETS)
_BY_NAME = {kind.name: kind for kind in KINDS}


def kind_named(name: str) -> ItemKind[Any]:
    """Return the kind with this name. Library items are stored with the name of their kind."""
    return _BY_NAME[name]
