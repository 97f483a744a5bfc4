"""Passwords: which are accepted, and how they are hashed (Argon2id).

Hashing is slow on purpose, some 20 ms of a core, so it is done before or between units of work, never inside one.
"""

import threading
from functools import cache
from typing import NewType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from appliance.community.accounts.person import PasswordRefused

MIN_CHARACTERS, MAX_CHARACTERS = 8, 128
# OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one thread.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# zxcvbn's scale runs from 0 to 4; 3 withstands a hundred million guesses.
MIN_SCORE = 3
# Each takes 19 MiB and a core for some 20 ms.
_few_at_once = threading.BoundedSemaphore(2)

PasswordHash = NewType("PasswordHash", str)


def check_password(password: str, *names: str) -> None:
    """Raises PasswordRefused for what is short or guessed early; `names` are words that others would try first."""
    # Its tables of words take 30 ms and 12 MB, which only a new password needs.
    from zxcvbn import zxcvbn  # noqa: PLC0415

    if len(password) < MIN_CHARACTERS:
        raise PasswordRefused(
            f"The password has fewer than {MIN_CHARACTERS} characters.", remedy="Three or four words make a good one."
        )
    if len(password) > MAX_CHARACTERS:
        raise PasswordRefused(
            f"The password has more than {MAX_CHARACTERS} characters.", remedy="Choose a shorter one."
        )
    if zxcvbn(password[:72], user_inputs=["lampstand", *names])["score"] < MIN_SCORE:
        raise PasswordRefused(
            "This password would be guessed soon.",
            remedy="Three or four words that do not belong together make a good one.",
        )


def hash_new_password(password: str, *names: str) -> PasswordHash:
    """The hash of a password that is accepted. Raises PasswordRefused, as `check_password`."""
    check_password(password, *names)
    return hash_password(password)


def hash_password(password: str) -> PasswordHash:
    """The hash of a password, accepted or not."""
    return PasswordHash(_hasher.hash(password))


def is_right(password: str, password_hash: str | None) -> bool:
    """Whether a password has a hash; it takes as long where there is no hash."""
    try:
        with _few_at_once:
            return _hasher.verify(password_hash or _nobodys(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """True for a hash that was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


@cache
def _nobodys() -> PasswordHash:
    return hash_password("nobody has this password")
