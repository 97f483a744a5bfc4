"""Tool calls in the output of models, complete and in pieces."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import RequestInvalid
from models.generation.tool_calls import ToolCallReader, parse_calls, required_call_schema
from models.messages import Function, Tool

TOOLS = [Tool(function=Function(name=name, parameters={"type": "object"})) for name in ("read", "search")]
QWEN = (
    'I look it up.\n<tool_call>\n{"name": "read", "arguments": {"ref": "John 1"}}\n</tool_call>\n<tool_call>\n'
    '{"name": "search", "arguments": {}}\n</tool_call>'
)
LLAMA = '{"name": "read", "parameters": {"ref": "John 1"}}; {"name": "search", "parameters": {}}'


def read(pieces: list[str]) -> tuple[str, list[tuple[str, object]]]:
    reader = ToolCallReader(TOOLS)
    text = "".join(reader.feed(piece) for piece in pieces)
    rest, calls = reader.finish()
    return text + rest, [(call.function.name, json.loads(call.function.arguments)) for call in calls]


@given(st.data())
def test_calls_are_found_for_any_cut_of_the_text(data: st.DataObject) -> None:
    text, before = data.draw(st.sampled_from([(QWEN, "I look it up.\n"), (LLAMA, "")]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    assert (before, [("read", {"ref": "John 1"}), ("search", {})]) == read(pieces)


@pytest.mark.parametrize(
    "text",
    [
        "Nothing to call.",
        "<tool_call> is what one writes",
        '{"name": "unknown", "arguments": {}}',
        "{ a brace",
        " < ",
        "",
    ],
)
def test_output_that_is_not_a_call_is_text(text: str) -> None:
    assert (text, []) == read(list(text))


def test_text_is_held_back_only_while_it_may_begin_a_call() -> None:
    reader = ToolCallReader(TOOLS)

    assert "Here: " == reader.feed("Here: <tool")
    assert "<toolbox" == reader.feed("box")


def test_without_tools_all_output_is_text() -> None:
    assert LLAMA == ToolCallReader([]).feed(LLAMA)


def test_the_schema_of_a_required_call_names_the_tool() -> None:
    schema = required_call_schema(TOOLS, "read")

    assert {"const": "read"} == schema["properties"]["name"]
    assert 2 == len(required_call_schema(TOOLS, "")["anyOf"])
    with pytest.raises(RequestInvalid, match="does not contain"):
        required_call_schema(TOOLS, "pray")


def test_a_call_may_have_control_characters_in_strings() -> None:
    (call,) = parse_calls('{"name": "read", "arguments": {"ref": "John\n1"}}', {"read"})

    assert {"ref": "John\n1"} == json.loads(call.function.arguments)
