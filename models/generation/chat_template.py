"""Render the prompt of a conversation with a model's chat template.

Templates are written in Jinja, with the additions of Hugging Face's `apply_chat_template` (`raise_exception`,
`strftime_now`). They come with model files, so they run in a sandbox. The prompt records which characters come from
the template.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import jinja2
import msgspec

from models.errors import RequestInvalid
from models.generation.template_environment import TemplateEnvironment
from models.generation.traced import Traced, trusted
from models.messages import ChatMessage, Tool, ToolCall

# The exceptions that a template raises if it does not support a conversation.
_TEMPLATE_ERRORS = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    RecursionError,
)
# The template for models whose file contains no template.
PLAIN = (
    "{% for message in messages %}{{ message.role | capitalize }}: {{ message.content }}\n\n{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)
PLAIN_STOPS = ("\nUser:",)

_TOOLS_OPENING = trusted("You can call these functions, given as JSON schemas:\n")
_TOOLS_CLOSING = trusted("""
To call one, write nothing but this, with the arguments as an object:
<tool_call>
{"name": "function name", "arguments": {}}
</tool_call>""")
_PARAGRAPH = trusted("\n\n")
_ROLES = {role: trusted(role) for role in ("system", "user", "assistant", "tool")}


class ChatTemplate:
    """The chat template of a model. `special_tokens` are `bos_token` and `eos_token`. Raises RequestInvalid if it is broken."""

    def __init__(self, source: str, special_tokens: Mapping[str, str]) -> None:
        environment = TemplateEnvironment()
        environment.filters["tojson"] = _tojson
        environment.globals["raise_exception"] = _raise_exception
        environment.globals["strftime_now"] = lambda form: datetime.now().astimezone().strftime(form)
        self.stops = () if source else PLAIN_STOPS
        self._special_tokens = {name: trusted(text) for name, text in special_tokens.items()}
        self._knows_tools = "tools" in source
        try:
            self._template = environment.from_string(source or PLAIN)
        except (jinja2.TemplateError, RecursionError) as error:
            raise RequestInvalid(f"The model's chat template is broken: {error}") from error

    def render(self, messages: Sequence[ChatMessage], tools: Sequence[Tool] = ()) -> Traced:
        """Return the prompt for the next message. Only the characters from the template are trusted.

        Raises RequestInvalid with the error of the template.
        """
        turns = [_turn(message) for message in messages]
        if tools and not self._knows_tools:
            turns = _with_preface(turns, tools)
        try:
            return self._render(turns, tools)
        except _TEMPLATE_ERRORS as error:
            if not any(turn["role"] == "system" for turn in turns):
                raise RequestInvalid(
                    f"The model's chat template does not support this conversation: {error}"
                ) from error
        # Some model families have no system role. For them the system message is put before the first question.
        try:
            return self._render(_without_system(turns), tools)
        except _TEMPLATE_ERRORS as error:
            raise RequestInvalid(f"The model's chat template does not support this conversation: {error}") from error

    def _render(self, turns: list[dict[str, Any]], tools: Sequence[Tool]) -> Traced:
        schemas = [msgspec.to_builtins(tool) for tool in tools] if tools and self._knows_tools else None
        return Traced(
            self._template.render(messages=turns, tools=schemas, add_generation_prompt=True, **self._special_tokens)
        )


def _turn(message: ChatMessage) -> dict[str, Any]:
    turn: dict[str, Any] = {
        "role": _ROLES["system" if message.role == "developer" else message.role],
        "content": message.text,
    }
    if message.name:
        turn["name"] = message.name
    if message.tool_calls:
        # A template gets the arguments as an object and formats them itself.
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
    except RecursionError as error:
        raise RequestInvalid(f"The arguments of the tool call {call.id} are nested too deeply.") from error


def _with_preface(turns: list[dict[str, Any]], tools: Sequence[Tool]) -> list[dict[str, Any]]:
    preface = _TOOLS_OPENING + "\n".join(_dumps(tool.function) for tool in tools) + _TOOLS_CLOSING
    if turns and turns[0]["role"] == "system":
        return [{**turns[0], "content": turns[0]["content"] + _PARAGRAPH + preface}, *turns[1:]]
    return [{"role": _ROLES["system"], "content": preface}, *turns]


def _without_system(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    instructions = _PARAGRAPH.join(turn["content"] for turn in turns if turn["role"] == "system")
    rest = [turn for turn in turns if turn["role"] != "system"]
    if rest and rest[0]["role"] == "user":
        return [{**rest[0], "content": instructions + _PARAGRAPH + rest[0]["content"]}, *rest[1:]]
    return [{"role": _ROLES["user"], "content": instructions}, *rest]


def _dumps(struct: Any) -> str:
    return msgspec.json.encode(struct).decode()


def _tojson(
    value: Any,
    indent: int | None = None,
    *,
    ensure_ascii: bool = False,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise_exception(message: str) -> None:
    raise jinja2.TemplateError(message)
