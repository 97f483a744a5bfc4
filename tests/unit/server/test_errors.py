"""Kinds of errors are mapped to HTTP statuses and exit codes in one place."""

import pytest

from appliance.community.accounts.person import SignInNeeded, TooManyAttempts
from appliance.errors import ApplianceError, Conflict, NotFound, Refused, Unavailable
from models.errors import ModelError, ModelUnavailable, ModelUnknown
from server.errors import exit_code_of, status_of


@pytest.mark.parametrize(
    ("kind", "status", "exit_code"),
    [(NotFound, 404, 4), (Refused, 400, 2), (Conflict, 409, 5), (Unavailable, 503, 6), (ApplianceError, 500, 1)],
)
def test_each_kind_has_a_status_and_an_exit_code(kind: type[ApplianceError], status: int, exit_code: int) -> None:
    domain_error: type[ApplianceError] = type("DomainError", (kind,), {})

    assert (status, exit_code) == (status_of(domain_error("It failed.")), exit_code_of(domain_error("It failed.")))


def test_the_most_specific_kind_counts() -> None:
    assert (401, 2) == (status_of(SignInNeeded("Sign in.")), exit_code_of(SignInNeeded("Sign in.")))
    assert 429 == status_of(TooManyAttempts("Too many.", remedy="Wait.", retry_after_s=1))


@pytest.mark.parametrize(("error", "exit_code"), [(ModelUnknown, 4), (ModelUnavailable, 6), (ModelError, 1)])
def test_model_runtime_errors_have_the_same_exit_codes(error: type[ModelError], exit_code: int) -> None:
    assert exit_code == exit_code_of(error("It failed."))
