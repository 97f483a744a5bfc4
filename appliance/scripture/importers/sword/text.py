"""Reads SWORD translations (zText, zText4) in OSIS markup."""

import re
from collections.abc import Iterator

from appliance.infrastructure.opening import shown_text
from appliance.scripture.canon import verse_id
from appliance.scripture.importers import known_texts
from appliance.scripture.importers.fragments import feed_fragment
from appliance.scripture.importers.markup import VerseReader
from appliance.scripture.importers.source import SourceUnreadable, TranslationSource
from appliance.scripture.importers.sword.blocks import COMMENTARY_DRIVERS, TEXT_DRIVERS, read_slots
from appliance.scripture.importers.sword.configuration import Configuration, check_readable, digest_of
from appliance.scripture.translations.verse import Verse
from appliance.scripture.versification import versification

# The limit for the text of all verses together, including their markup.
MAX_TEXT_CHARACTERS = 256 * 2**20


def read_translation(configuration: Configuration) -> TranslationSource:
    """Return the translation of a zText module. Raises SourceUnreadable if the driver or the markup is not supported."""
    driver = configuration.value("ModDrv")
    if driver not in TEXT_DRIVERS:
        raise SourceUnreadable(
            f"The module {configuration.module} uses the driver {shown_text(driver)}, which is not supported.",
            remedy=f"Supported drivers: {', '.join([*TEXT_DRIVERS, *COMMENTARY_DRIVERS])}, zLD.",
        )
    check_readable(configuration)
    identifier = configuration.value("Abbreviation") or configuration.module
    return TranslationSource(
        id=re.sub(r"[^\w.-]", "", identifier) or configuration.module,
        name=configuration.value("Description", identifier),
        language=configuration.language,
        versification=versification(configuration.value("Versification", "KJV")).name,
        licence=configuration.licence,
        attribution=configuration.attribution,
        origin=configuration.origin,
        digest=digest_of(configuration),
        entries=lambda: _verses(configuration),
        known_text=known_texts.by_module(configuration.module),
    )


def _verses(configuration: Configuration) -> Iterator[Verse]:
    reader, characters = VerseReader(), 0
    for slot in read_slots(configuration, TEXT_DRIVERS[configuration.value("ModDrv")]):
        characters += len(slot.fragment)
        if characters > MAX_TEXT_CHARACTERS:
            raise SourceUnreadable(
                f"The verses of {configuration.module} have more than {MAX_TEXT_CHARACTERS:,} characters. "
                "No translation is that large.",
                remedy="Choose another module.",
            )
        if slot.verse:
            reader.begin(verse_id(slot.book, slot.chapter, slot.verse))
        feed_fragment(reader, slot.fragment)
        if slot.verse:
            yield reader.finish()
