"""Read tool calls from the output of a model, in the formats that model families were trained for.

Qwen and Hermes: any text, then any number of calls like `<tool_call>{"name": …, "arguments": {…}}</tool_call>`.
Llama 3: no text, only calls like `{"name": …, "parameters": {…}}`, separated by `;`.
"""

import json
import re
import uuid
from collections.abc import Sequence
from typing import Any

from models.errors import RequestInvalid
from models.generation.text import partial_suffix
from models.messages import FunctionCall, Tool, ToolCall

OPENING, CLOSING = "<tool_call>", "</tool_call>"
_BETWEEN_CALLS = re.compile(rf"(?:{OPENING}|{CLOSING}|[\s;])*")


class ToolCallReader:
    """Splits the output of a model into text for the reader and calls of the available tools."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._names = {tool.function.name for tool in tools}
        self._held = ""
        self._begun = self._holding = False

    def feed(self, text: str) -> str:
        """Return the text that is certainly not part of a call."""
        if not self._names:
            return text
        self._held += text
        if self._holding:
            return ""
        if not self._begun:
            if not self._held.strip():
                return ""
            self._begun = True
            if self._held.lstrip().startswith("{"):
                self._holding = True
                return ""
        at = self._held.find(OPENING)
        self._holding = at >= 0
        certain = at if self._holding else len(self._held) - partial_suffix(self._held, OPENING)
        text_so_far, self._held = self._held[:certain], self._held[certain:]
        return text_so_far

    def finish(self) -> tuple[str, list[ToolCall]]:
        """Return the calls. If the text that was held back is not a call, return it as text."""
        if not self._holding:
            return self._held, []
        calls = parse_calls(self._held, self._names)
        return ("", calls) if calls else (self._held, [])


def parse_calls(text: str, names: set[str]) -> list[ToolCall]:
    """Return the tool calls in `text`. If `text` contains anything except calls of the tools `names`, return an empty list."""
    decoder = json.JSONDecoder(strict=False)
    calls: list[ToolCall] = []
    at = _skip(text, 0)
    while at < len(text):
        try:
            call, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError:
            return []
        if not isinstance(call, dict) or call.get("name") not in names:
            return []
        calls.append(_call(call["name"], call.get("arguments", call.get("parameters", {}))))
        at = _skip(text, at)
    return calls


def _skip(text: str, at: int) -> int:
    between = _BETWEEN_CALLS.match(text, at)
    return between.end() if between else at


def _call(name: str, arguments: Any) -> ToolCall:
    written = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return ToolCall(id=f"call_{uuid.uuid4().hex[:24]}", function=FunctionCall(name=name, arguments=written))


def required_call_schema(tools: Sequence[Tool], name: str) -> dict[str, Any]:
    """Return the JSON schema of a call of the tool `name`, or of any tool if `name` is empty. Raises RequestInvalid."""
    chosen = [tool.function for tool in tools if name in ("", tool.function.name)]
    if not chosen:
        raise RequestInvalid(f"`tool_choice` requires {name or 'a tool'}, but `tools` does not contain it.")
    schemas = [
        {
            "type": "object",
            "properties": {
                "name": {"const": function.name},
                "arguments": function.parameters or {"type": "object", "properties": {}},
            },
            "required": ["name", "arguments"],
        }
        for function in chosen
    ]
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
