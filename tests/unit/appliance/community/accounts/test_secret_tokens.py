"""Tokens and codes, and their stored hashes."""

import pytest

from appliance.community.accounts.secret_tokens import (
    API_PREFIX,
    LETTERS,
    csrf_token,
    fingerprint,
    new_code,
    new_token,
    plain_code,
    same,
)


def test_tokens_are_long_and_unique() -> None:
    tokens = {new_token(API_PREFIX) for _ in range(100)}

    assert 100 == len(tokens)
    assert {True} == {token.startswith(API_PREFIX) and len(token) == len(API_PREFIX) + 43 for token in tokens}


@pytest.mark.parametrize("length", [6, 8])
def test_a_code_has_two_groups_of_clear_characters(length: int) -> None:
    code = new_code(length)

    assert [length // 2] * 2 == [len(group) for group in code.split("-")]
    assert set(plain_code(code)) <= set(LETTERS)
    assert plain_code(code) == plain_code(code.lower().replace("-", " "))


def test_a_fingerprint_and_a_csrf_token_do_not_reveal_the_token() -> None:
    token = new_token()

    assert 32 == len(fingerprint(token))
    assert fingerprint(token) != fingerprint(f"{token}x")
    assert csrf_token(token) == csrf_token(token) != csrf_token(f"{token}x")
    assert token not in csrf_token(token)


def test_only_equal_texts_are_the_same() -> None:
    assert same("é", "é")
    assert not same("e", "é")
