"""Check the size of a request before it is processed, because templates and tokenizers are slow with very long texts."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from models.child.frames import Generate
from models.errors import RequestInvalid

# Usually a token has about four bytes. Only a token for a long run of one character has more bytes than this maximum.
MAX_BYTES_PER_TOKEN = 16
# The minimum number of tokens per message in the context: one for the role, and one that ends the message.
MIN_TOKENS_PER_TURN = 2
MAX_TOOLS = 128
MAX_STOPS, MAX_STOP_CHARACTERS = 16, 256
MAX_SCHEMA_BYTES = 65_536
# The maximum number of levels of a JSON schema. The libraries that read a schema recurse once per level.
MAX_DEPTH = 64
# The maximum size of a text for an embedding or ranking model. The model tokenizes the whole text, but then reads only its
# first few hundred tokens.
MAX_TEXT_BYTES = 262_144


def check_generation(request: Generate, context: int) -> None:
    """Reject a request that is too long for a context of `context` tokens. Raises RequestInvalid."""
    _check_schemas(request)
    parts = _count_parts(request)
    if parts > context // MIN_TOKENS_PER_TURN:
        raise RequestInvalid(
            f"The conversation has {parts:,} messages and parts of messages. A context of {context:,} tokens has room "
            f"for at most {context // MIN_TOKENS_PER_TURN:,}. Remove the oldest messages."
        )
    size = sum(len(text.encode("utf-8", "replace")) for text in _texts(request))
    if size > context * MAX_BYTES_PER_TOKEN:
        raise RequestInvalid(
            f"The prompt has {size:,} bytes. A context of {context:,} tokens has room for at most "
            f"{context * MAX_BYTES_PER_TOKEN:,}. Shorten the prompt, or set a longer context for the model."
        )


def check_texts(field: str, texts: Sequence[str]) -> None:
    """Reject texts that are too long to be embedded or ranked. Raises RequestInvalid."""
    longest = max((len(text.encode("utf-8", "replace")) for text in texts), default=0)
    if longest > MAX_TEXT_BYTES:
        raise RequestInvalid(
            f"`{field}` contains a text of {longest:,} bytes. The maximum is {MAX_TEXT_BYTES:,}. "
            "Split the text into shorter passages."
        )


def _check_schemas(request: Generate) -> None:
    if len(request.tools) > MAX_TOOLS:
        raise RequestInvalid(f"`tools` contains {len(request.tools)} functions. The maximum is {MAX_TOOLS}.")
    stops = request.sampling.stop
    if len(stops) > MAX_STOPS or any(len(stop) > MAX_STOP_CHARACTERS for stop in stops):
        raise RequestInvalid(
            f"`stop` may contain at most {MAX_STOPS} sequences of at most {MAX_STOP_CHARACTERS} characters each."
        )
    schemas = [request.sampling.json_schema, *(tool.function.parameters for tool in request.tools)]
    for schema in schemas:
        if schema and (_is_deep(schema) or len(msgspec.json.encode(schema)) > MAX_SCHEMA_BYTES):
            raise RequestInvalid(
                f"A JSON schema may have at most {MAX_DEPTH} levels and {MAX_SCHEMA_BYTES:,} bytes. Simplify the "
                "schema."
            )


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for value in level
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _count_parts(request: Generate) -> int:
    return sum(
        1 + len(message.tool_calls or ()) + (len(message.content) if isinstance(message.content, list) else 0)
        for message in request.messages
    )


def _texts(request: Generate) -> Iterator[str]:
    yield request.prompt or ""
    for message in request.messages:
        yield message.text
        yield message.name or ""
        for call in message.tool_calls or ():
            yield call.id
            yield call.function.name
            yield call.function.arguments
    for tool in request.tools:
        yield msgspec.json.encode(tool).decode()
