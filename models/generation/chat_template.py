"""The prompt that a model's chat template makes of a conversation.

Templates are Jinja as Hugging Face's `apply_chat_template` renders them (trim_blocks, lstrip_blocks, `raise_exception`,
`strftime_now`, loop controls). They come with model files, so they run sandboxed.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import jinja2
import msgspec
from jinja2.sandbox import ImmutableSandboxedEnvironment

from models.errors import RequestInvalid
from models.messages import ChatMessage, Tool, ToolCall

# For models whose file carries no template.
PLAIN = (
    "{% for message in messages %}{{ message.role | capitalize }}: {{ message.content }}\n\n{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)
PLAIN_STOPS = ("\nUser:",)

_TOOLS_PREFACE = """You can call these functions, given as JSON schemas:
{schemas}
To call one, write nothing but this, with the arguments as an object:
<tool_call>
{{"name": "function name", "arguments": {{}}}}
</tool_call>"""


class ChatTemplate:
    """One model's template; `special_tokens` are `bos_token` and `eos_token`. Raises RequestInvalid where it is broken."""

    def __init__(self, source: str, special_tokens: Mapping[str, str]) -> None:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.filters["tojson"] = _tojson
        environment.globals["raise_exception"] = _raise_exception
        environment.globals["strftime_now"] = lambda form: datetime.now().astimezone().strftime(form)
        self.stops = () if source else PLAIN_STOPS
        self._special_tokens = special_tokens
        self._knows_tools = "tools" in source
        try:
            self._template = environment.from_string(source or PLAIN)
        except jinja2.TemplateError as error:
            raise RequestInvalid(f"The model's chat template is broken: {error}") from error

    def render(self, messages: Sequence[ChatMessage], tools: Sequence[Tool] = ()) -> str:
        """The prompt that asks for the next turn. Raises RequestInvalid, in the template's words."""
        turns = [_turn(message) for message in messages]
        if tools and not self._knows_tools:
            turns = _with_preface(turns, tools)
        try:
            return self._render(turns, tools)
        except jinja2.TemplateError as error:
            if not any(turn["role"] == "system" for turn in turns):
                raise RequestInvalid(f"The model's chat template refuses this conversation: {error}") from error
        # Some families know no system role: what it says then stands before the first question.
        try:
            return self._render(_without_system(turns), tools)
        except jinja2.TemplateError as error:
            raise RequestInvalid(f"The model's chat template refuses this conversation: {error}") from error

    def _render(self, turns: list[dict[str, Any]], tools: Sequence[Tool]) -> str:
        shown = [msgspec.to_builtins(tool) for tool in tools] if tools and self._knows_tools else None
        return self._template.render(messages=turns, tools=shown, add_generation_prompt=True, **self._special_tokens)


def _turn(message: ChatMessage) -> dict[str, Any]:
    turn: dict[str, Any] = {
        "role": "system" if message.role == "developer" else message.role,
        "content": message.text,
    }
    if message.name:
        turn["name"] = message.name
    if message.tool_calls:
        # Templates write the arguments themselves, from an object.
        turn["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.function.name, "arguments": _arguments(call)}}
            for call in message.tool_calls
        ]
    return turn


def _arguments(call: ToolCall) -> Any:
    try:
        return json.loads(call.function.arguments)
    except json.JSONDecodeError as error:
        raise RequestInvalid(f"The arguments of the tool call {call.id} are not JSON: {error}") from error


def _with_preface(turns: list[dict[str, Any]], tools: Sequence[Tool]) -> list[dict[str, Any]]:
    preface = _TOOLS_PREFACE.format(schemas="\n".join(_dumps(tool.function) for tool in tools))
    if turns and turns[0]["role"] == "system":
        return [{**turns[0], "content": f"{turns[0]['content']}\n\n{preface}"}, *turns[1:]]
    return [{"role": "system", "content": preface}, *turns]


def _without_system(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    said = "\n\n".join(turn["content"] for turn in turns if turn["role"] == "system")
    rest = [turn for turn in turns if turn["role"] != "system"]
    if rest and rest[0]["role"] == "user":
        return [{**rest[0], "content": f"{said}\n\n{rest[0]['content']}"}, *rest[1:]]
    return [{"role": "user", "content": said}, *rest]


def _dumps(struct: Any) -> str:
    return msgspec.json.encode(struct).decode()


def _tojson(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _raise_exception(message: str) -> None:
    raise jinja2.TemplateError(message)
