"""Passwords: what is accepted, and how they are kept (Argon2id)."""

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from appliance.community.accounts.person import PasswordRefused

LEAST_CHARACTERS, MOST_CHARACTERS = 8, 128
# OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one thread.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# zxcvbn's scale runs from 0 to 4; 3 withstands a hundred million guesses.
LEAST_SCORE = 3
# Each takes 19 MiB and a core for some 20 ms.
_few_at_once = threading.BoundedSemaphore(2)


def check_password(password: str, *known: str) -> None:
    """Raises PasswordRefused for what is short or guessed early; `known` are words that others would try first."""
    # Its tables of words take 30 ms and 12 MB, which only a new password needs.
    from zxcvbn import zxcvbn  # noqa: PLC0415

    if len(password) < LEAST_CHARACTERS:
        raise PasswordRefused(
            f"The password has fewer than {LEAST_CHARACTERS} characters.", remedy="Three or four words make a good one."
        )
    if len(password) > MOST_CHARACTERS:
        raise PasswordRefused(
            f"The password has more than {MOST_CHARACTERS} characters.", remedy="Choose a shorter one."
        )
    if zxcvbn(password[:72], user_inputs=["lampstand", *known])["score"] < LEAST_SCORE:
        raise PasswordRefused(
            "This password would be guessed soon.",
            remedy="Three or four words that do not belong together make a good one.",
        )


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def is_right(password: str, kept: str | None) -> bool:
    """Whether a password is the one that is kept; it takes as long where there is none."""
    try:
        with _few_at_once:
            return _hasher.verify(kept or _nobodys(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """True where it was kept by weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")
