"""The rules for passwords, and their hashes."""

import pytest

from appliance.community.accounts.passwords import check_password, hash_new_password, is_outdated, verify_password
from appliance.community.accounts.person import PasswordRefused

pytestmark = pytest.mark.usefixtures("real_passwords")


@pytest.mark.parametrize(
    "password", ["short", "x" * 129, "password123", "12345678", "annaanna", "lampstand1", "qwertyuiop"]
)
def test_passwords_that_are_easy_to_guess_are_refused(password: str) -> None:
    with pytest.raises(PasswordRefused):
        check_password(password, "Anna")
    with pytest.raises(PasswordRefused):
        hash_new_password(password, "Anna")


def test_every_character_of_a_password_counts() -> None:
    long = "Grüne Lampen, sieben am Fluss; Öl im Krug, kein Wind. " + "Wer ruft bei Nacht durchs dunkle Tal? Horch, x"
    password_hash = hash_new_password(long, "Anna")

    assert verify_password(long, password_hash)
    for similar in (long[:-1], long.lower(), long + " ", long.strip()[:72]):
        assert not verify_password(similar, password_hash)


def test_no_password_matches_a_missing_hash() -> None:
    assert not verify_password("", None)
    assert not verify_password("nobody has this password", None)


def test_a_fresh_hash_is_not_outdated() -> None:
    assert not is_outdated(hash_new_password("seven green lamps burn"))
    assert is_outdated("$argon2id$v=19$m=8192,t=1,p=1$MTIzNDU2Nzg$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI")
