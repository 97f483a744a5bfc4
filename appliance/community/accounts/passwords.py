"""Passwords: the rules for new passwords, and hashing with Argon2id.

Hashing is slow on purpose: one hash takes about 20 ms of a core. So hash before or between units of work, never inside one.
"""

import threading
from functools import cache
from typing import NewType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from appliance.community.accounts.person import PasswordRefused

MIN_CHARACTERS, MAX_CHARACTERS = 8, 128
# These values are from OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one thread.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# zxcvbn rates passwords from 0 to 4. A password with a score of 3 withstands 100 million guesses.
MIN_SCORE = 3
# Limits how many hashes run in parallel: each takes 19 MiB of memory, and a core for about 20 ms.
_hashing_slots = threading.BoundedSemaphore(2)

PasswordHash = NewType("PasswordHash", str)


def check_password(password: str, *names: str) -> None:
    """Raises PasswordRefused if a password is short, long or easy to guess. Attackers try the words in `names` first."""
    # Imported here, because the word lists of zxcvbn take 30 ms and 12 MB, and only new passwords need them.
    from zxcvbn import zxcvbn  # noqa: PLC0415

    if len(password) < MIN_CHARACTERS:
        raise PasswordRefused(
            f"The password has fewer than {MIN_CHARACTERS} characters.", remedy="Use three or four unrelated words."
        )
    if len(password) > MAX_CHARACTERS:
        raise PasswordRefused(
            f"The password has more than {MAX_CHARACTERS} characters.", remedy="Choose a shorter password."
        )
    if zxcvbn(password[:72], user_inputs=["lampstand", *names])["score"] < MIN_SCORE:
        raise PasswordRefused(
            "This password is too easy to guess.",
            remedy="Use three or four unrelated words.",
        )


def hash_new_password(password: str, *names: str) -> PasswordHash:
    """Check a password and return its hash. Raises PasswordRefused, as `check_password` does."""
    check_password(password, *names)
    return hash_password(password)


def hash_password(password: str) -> PasswordHash:
    """Return the hash of a password. This function does not check the password."""
    return PasswordHash(_hasher.hash(password))


def verify_password(password: str, password_hash: str | None) -> bool:
    """Return True if a password matches a hash. The check takes the same time if there is no hash."""
    try:
        with _hashing_slots:
            return _hasher.verify(password_hash or _dummy_hash(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Return True if the parameters of a hash are weaker than the current parameters."""
    return _hasher.check_needs_rehash(password_hash)


@cache
def _dummy_hash() -> PasswordHash:
    return hash_password("nobody has this password")
