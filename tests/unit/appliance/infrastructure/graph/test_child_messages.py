"""Messages between the server and the child process that answers user queries."""

from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.infrastructure.graph.child_messages import Failure, Opening, QueryAnswer, QueryRequest

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=30)
@given(st.text(), st.dictionaries(st.text(), VALUES, max_size=3))
def test_a_request_is_one_line_and_is_decoded_unchanged(query: str, values: dict[str, object]) -> None:
    """The child reads one request per line."""
    request = QueryRequest(query, values, max_rows=10, max_bytes=1_000)
    line = msgspec.json.encode(request)

    assert b"\n" not in line
    assert request == msgspec.json.decode(line, type=QueryRequest)


@settings(max_examples=30)
@given(st.text())
def test_the_path_of_the_graph_can_contain_any_characters(path: str) -> None:
    line = msgspec.json.encode(Opening(path))

    assert b"\n" not in line
    assert path == msgspec.json.decode(line, type=Opening).path


@settings(max_examples=30)
@given(st.lists(st.lists(VALUES, max_size=3), max_size=3), st.booleans())
def test_an_answer_keeps_its_rows(rows: list[list[object]], cut: bool) -> None:
    answer = QueryAnswer(["a", "b"], rows, truncated=cut)

    assert answer == msgspec.json.decode(msgspec.json.encode(answer), type=QueryAnswer)


def test_an_answer_without_a_failure_is_a_success() -> None:
    answer = msgspec.json.decode(b'{"columns": ["name"]}', type=QueryAnswer)

    assert (["name"], [], False, "", "") == msgspec.structs.astuple(answer)


@pytest.mark.parametrize("failure", get_args(Failure))
def test_each_reason_of_a_failure_is_decoded(failure: Failure) -> None:
    answer = QueryAnswer(failure=failure, error="Binder exception: Variable a is not in scope.")

    assert answer == msgspec.json.decode(msgspec.json.encode(answer), type=QueryAnswer)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b'{"columns": "name"}',
        b'{"rows": [1]}',
        b'{"truncated": 1}',
        b'{"failure": "disk"}',
        b'{"failure": null}',
    ],
)
def test_output_that_is_not_an_answer_is_not_decoded(line: bytes) -> None:
    """A query that exploits the engine could print anything."""
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(line, type=QueryAnswer)


@pytest.mark.parametrize("missing", QueryRequest.__struct_fields__)
def test_a_request_has_its_query_values_and_limits(missing: str) -> None:
    request = {"query": "RETURN 1", "values": {}, "max_rows": 1, "max_bytes": 100}
    del request[missing]

    with pytest.raises(msgspec.ValidationError, match=missing):
        msgspec.json.decode(msgspec.json.encode(request), type=QueryRequest)
