"""Names of people and of accounts: their form, and how they are compared."""

import unicodedata

from appliance.community.accounts.person import NameInvalid

MAX_NAME = 60


def plain_name(name: str) -> str:
    """A name as it is stored and compared: one form of each letter, single spaces."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def checked_name(name: str) -> str:
    """The plain form of a name that is valid. Raises NameInvalid."""
    name = plain_name(name)
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise NameInvalid("A name of 1 to 60 letters is needed.", remedy="A first name will do.")
    return name
