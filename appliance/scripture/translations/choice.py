"""The translations of a library, and the one to read where none is named."""

from appliance.infrastructure.database import Database
from appliance.scripture.translations import queries
from appliance.scripture.translations.verse import Translation


class Translations:
    """The translations of one library; `default` is the id of the one that people read first."""

    def __init__(self, library: Database, default: str) -> None:
        self._library, self._default = library, default

    def all(self) -> list[Translation]:
        """Every translation, in the order in which they were imported."""
        return queries.translations(self._library)

    def choose(self, name: str = "") -> Translation:
        """The translation of an id, or the default one for an empty name. Raises TranslationNotFound."""
        if name:
            return queries.find_translation(self._library, name)
        return queries.default_translation(self._library, self._default)
