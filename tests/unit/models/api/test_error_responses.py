"""Errors have the format of the protocol: a message, a type and the HTTP status as the code."""

from collections.abc import Iterator

import pytest
from litestar import Litestar, get
from litestar.exceptions import HTTPException, NotFoundException, ValidationException
from litestar.params import FromPath
from litestar.testing import TestClient, create_test_client
from litestar.types import ExceptionHandlersMap

from models.api.error_responses import error_body, http_error, model_error, recursion_error, unexpected_error
from models.errors import DoesNotFit, ModelCrashed, ModelError, ModelUnknown, NotPermitted, QueueFull, RequestInvalid

ERRORS: dict[str, Exception] = {
    "unknown": ModelUnknown("There is no model 'm'."),
    "invalid": RequestInvalid("`messages` is empty."),
    "not permitted": NotPermitted("This runtime requires its token."),
    "full": QueueFull("The queue for cpu is full.", 7),
    "too large": DoesNotFit("m needs 5 GiB."),
    "crashed": ModelCrashed("m stopped."),
    "failed": ModelError("The model failed."),
    "deep": RecursionError("maximum recursion depth exceeded"),
    "bug": KeyError("layers"),
    "not found": NotFoundException(),
    "field": ValidationException("Validation failed.", extra=[{"key": "top_p", "message": "Expected `float` <= 1.0"}]),
    "fields": ValidationException(
        "Validation failed.", extra=[{"key": "a", "message": "b"}, {"key": "c", "message": "d"}]
    ),
    "other extra": ValidationException("Validation failed.", extra={"key": "a"}),
    "unavailable": HTTPException("Later.", status_code=503),
}


@get("/{name:str}")
async def fail(name: FromPath[str]) -> None:
    raise ERRORS[name]


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Litestar]]:
    handlers: ExceptionHandlersMap = {
        ModelError: model_error,
        HTTPException: http_error,
        RecursionError: recursion_error,
        Exception: unexpected_error,
    }
    with create_test_client([fail], exception_handlers=handlers) as opened:
        yield opened


@pytest.mark.parametrize(
    ("name", "status", "kind", "message"),
    [
        ("unknown", 404, "invalid_request_error", "There is no model 'm'."),
        ("invalid", 400, "invalid_request_error", "`messages` is empty."),
        ("not permitted", 401, "authentication_error", "This runtime requires its token."),
        ("full", 503, "queue_full", "The queue for cpu is full."),
        ("too large", 507, "insufficient_memory", "m needs 5 GiB."),
        ("crashed", 502, "model_crashed", "m stopped."),
        ("failed", 500, "server_error", "The model failed."),
        ("field", 400, "invalid_request_error", "Validation failed. top_p: Expected `float` <= 1.0"),
        ("fields", 400, "invalid_request_error", "Validation failed. a: b; c: d"),
        ("other extra", 400, "invalid_request_error", "Validation failed."),
        ("not found", 404, "invalid_request_error", "Not Found"),
        ("unavailable", 503, "server_error", "Later."),
    ],
)
def test_an_error_has_its_status_its_type_and_its_message(
    client: TestClient[Litestar], name: str, status: int, kind: str, message: str
) -> None:
    answer = client.get(f"/{name}")

    assert status == answer.status_code
    assert {"error": {"message": message, "type": kind, "code": status}} == answer.json()


def test_the_error_of_a_full_queue_says_when_to_try_again(client: TestClient[Litestar]) -> None:
    assert "7" == client.get("/full").headers["retry-after"]


def test_an_error_of_unknown_duration_does_not_say_when_to_try_again(client: TestClient[Litestar]) -> None:
    assert "retry-after" not in client.get("/crashed").headers


def test_deeply_nested_json_is_an_error_of_the_client(client: TestClient[Litestar]) -> None:
    answer = client.get("/deep")

    assert 400 == answer.status_code
    assert "nested too deeply" in answer.json()["error"]["message"]


def test_a_bug_is_reported_without_a_traceback(client: TestClient[Litestar]) -> None:
    answer = client.get("/bug")

    assert (500, "server_error") == (answer.status_code, answer.json()["error"]["type"])
    assert answer.json()["error"]["message"].startswith("An unexpected error occurred in the model runtime: 'layers'.")
    assert "Traceback" not in answer.text


def test_an_error_inside_a_stream_has_the_same_body() -> None:
    error = error_body(ModelCrashed("m stopped.")).error

    assert ("m stopped.", "model_crashed", 502) == (error.message, error.type, error.code)
