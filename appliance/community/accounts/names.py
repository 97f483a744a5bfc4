"""Names of people and accounts: normalisation and validation."""

import unicodedata

from appliance.community.accounts.person import NameInvalid

MAX_NAME = 60


def plain_name(name: str) -> str:
    """Return the normalised form in which a name is stored and compared: Unicode NFC, single spaces."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def checked_name(name: str) -> str:
    """Return the normalised form of a valid name. Raises NameInvalid if the name is empty or too long."""
    name = plain_name(name)
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise NameInvalid("A name must have 1 to 60 characters.", remedy="Enter a first name, for example.")
    return name
