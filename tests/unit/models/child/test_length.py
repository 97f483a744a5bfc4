"""Requests that are too large are refused because of their length."""

import time
from typing import Any

import pytest

from models.child.frames import Generate
from models.child.length import (
    MAX_BYTES_PER_TOKEN,
    MAX_DEPTH,
    MAX_TEXT_BYTES,
    check_generation,
    check_texts,
)
from models.errors import RequestInvalid
from models.generation.sampling import Sampling
from models.messages import ChatMessage, ContentPart, Function, FunctionCall, Tool, ToolCall

CONTEXT = 8192


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"properties": schema}
    return schema


def request_of(text: str, count: int = 1) -> Generate:
    return Generate(id=0, messages=[ChatMessage(role="user", content=text) for _ in range(count)])


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            request_of("a" * 2**20),
            "The prompt has 1,048,576 bytes. A context of 8,192 tokens has room for at most 131,072",
        ),
        (request_of("", 20_000), "20,000 messages"),
        (request_of("ש" * 100_000), "200,000 bytes"),
        (Generate(id=0, prompt="a" * 2**20), "1,048,576 bytes"),
        (
            Generate(id=0, messages=[ChatMessage(role="user", content=[ContentPart(type="text")] * 5_000)]),
            "5,001 messages and parts",
        ),
        (
            Generate(
                id=0,
                messages=[
                    ChatMessage(
                        role="assistant",
                        tool_calls=[ToolCall(id="1", function=FunctionCall(name="f", arguments="9" * 2**20))],
                    )
                ],
            ),
            "bytes. A context",
        ),
        (Generate(id=0, tools=[Tool(function=Function(name="f"))] * 129), "129 functions"),
        (Generate(id=0, tools=[Tool(function=Function(name="f", parameters=nested(200)))]), "64 levels"),
        (Generate(id=0, tools=[Tool(function=Function(name="f", description="a" * 2**18))]), "bytes"),
        (Generate(id=0, sampling=Sampling(json_schema=nested(500))), "64 levels"),
        (Generate(id=0, sampling=Sampling(json_schema={"title": "a" * 70_000})), "65,536 bytes"),
        (Generate(id=0, sampling=Sampling(stop=("a",) * 17)), "16 sequences"),
        (Generate(id=0, sampling=Sampling(stop=("a" * 300,))), "256 characters"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_request_that_is_too_large_is_refused_quickly(request_: Generate, message: str) -> None:
    began = time.perf_counter()
    with pytest.raises(RequestInvalid, match=message):
        check_generation(request_, CONTEXT)

    assert time.perf_counter() - began < 1


def test_a_request_that_may_fit_is_accepted() -> None:
    check_generation(request_of("a" * (CONTEXT * MAX_BYTES_PER_TOKEN)), CONTEXT)
    check_generation(request_of("Why?", CONTEXT // 2), CONTEXT)
    check_generation(Generate(id=0, sampling=Sampling(json_schema=nested(MAX_DEPTH - 1))), CONTEXT)


def test_texts_to_embed_have_a_maximum_size() -> None:
    check_texts("input", ["a" * MAX_TEXT_BYTES])
    with pytest.raises(RequestInvalid, match="`input` contains a text of 262,145 bytes"):
        check_texts("input", ["short", "a" * (MAX_TEXT_BYTES + 1)])
