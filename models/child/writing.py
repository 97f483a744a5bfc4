"""One generation in the child process. The text and the tool calls of the answer are sent as frames."""

import threading
import time
from collections.abc import Callable, Iterator

import msgspec

from models.backends import GenerationBackend
from models.child.frames import Generate, GenerationFinished, Piece, RequestFailed, Working
from models.child.length import check_generation
from models.child.time_limit import time_limit
from models.errors import RequestInvalid
from models.generation.chat_template import ChatTemplate
from models.generation.sampling import Sampling
from models.generation.text import TextAssembler
from models.generation.tool_calls import ToolCallReader, parse_calls, required_call_schema
from models.generation.traced import trusted

# The maximum number of tokens if a request sets no limit. An endless answer would block the device.
DEFAULT_MAX_TOKENS = 1024
SIGN_OF_LIFE_S = 1.0
# Rendering a template takes some milliseconds. A template that takes this many seconds probably never ends.
TEMPLATE_S = 10.0
_TOO_SLOW = RequestInvalid(
    f"The model's chat template took more than {TEMPLATE_S:.0f} seconds and was stopped. "
    "Use another model, or another file of this model."
)
# A fast model's tokens are collected and sent about sixty times per second. No one reads faster, and each frame takes
# processor time that the model could use.
SENDING_INTERVAL_S = 0.015

Send = Callable[[Working | Piece | GenerationFinished | RequestFailed], None]


class GenerationWriter:
    """A backend with its chat template."""

    def __init__(self, backend: GenerationBackend) -> None:
        self._backend = backend
        with time_limit(TEMPLATE_S, _TOO_SLOW):
            self._template = ChatTemplate(backend.chat_template, backend.special_tokens)

    def write(self, request: Generate, cancelled: threading.Event, send: Send) -> None:
        """Send the pieces of the answer, then GenerationFinished. Raises RequestInvalid before the first piece."""
        check_generation(request, self._backend.context)
        sampling = request.sampling
        if request.required_tool is not None:
            sampling = msgspec.structs.replace(
                sampling, json_schema=required_call_schema(request.tools, request.required_tool)
            )
        prompt = trusted(request.prompt) if request.prompt and request.parse_special else request.prompt
        if prompt is None:
            with time_limit(TEMPLATE_S, _TOO_SLOW):
                prompt = self._template.render(request.messages, request.tools)
            sampling = msgspec.structs.replace(sampling, stop=(*sampling.stop, *self._template.stops))
        tokens = self._backend.tokenize(prompt)
        sampling = self._within_context(sampling, len(tokens))

        def on_prompt(done: int, total: int) -> None:
            send(Working(request.id, done, total))

        pieces = self._backend.generate(tokens, sampling, on_prompt, cancelled)
        _AnswerFrames(request, sampling, send).relay(pieces, len(tokens), self._backend)

    def _within_context(self, sampling: Sampling, prompt_tokens: int) -> Sampling:
        tokens_left = self._backend.context - prompt_tokens
        if prompt_tokens == 0:
            raise RequestInvalid("The prompt is empty.")
        if tokens_left < 1:
            raise RequestInvalid(
                f"The prompt has {prompt_tokens:,} tokens. The context of this model has {self._backend.context:,} "
                "tokens for prompt and answer. Shorten the prompt, or set a longer context for the model."
            )
        return msgspec.structs.replace(sampling, max_tokens=min(sampling.max_tokens or DEFAULT_MAX_TOKENS, tokens_left))


class _AnswerFrames:
    """The frames of one answer: it sends text in pieces and collects tool calls."""

    def __init__(self, request: Generate, sampling: Sampling, send: Send) -> None:
        self._request, self._sampling, self._send = request, sampling, send
        self._text = TextAssembler(sampling.stop)
        self._calls = ToolCallReader(request.tools if request.required_tool is None else ())
        self._required = ""
        self._pending = ""
        self._sent_at = 0.0

    def relay(self, pieces: Iterator[bytes], prompt_tokens: int, backend: GenerationBackend) -> None:
        written = 0
        reason = "stop"
        for data in pieces:
            written += 1
            self._emit(self._text.feed(data))
            self._send_sign_of_life(prompt_tokens)
            if self._text.stopped:
                break
            if written == self._sampling.max_tokens:
                reason = "length"
                break
        self._emit(self._text.finish())
        rest, calls = self._calls.finish()
        if self._request.required_tool is not None:
            calls = parse_calls(self._required, {tool.function.name for tool in self._request.tools})
            rest = "" if calls else self._required
        self._pending += rest
        self._flush()
        self._send(
            GenerationFinished(
                id=self._request.id,
                reason="tool_calls" if calls else reason,
                prompt_tokens=prompt_tokens,
                completion_tokens=written,
                reused_tokens=backend.reused_tokens,
                tool_calls=calls,
            )
        )

    def _emit(self, text: str) -> None:
        if self._request.required_tool is not None:
            self._required += text
            return
        self._pending += self._calls.feed(text)
        if time.monotonic() - self._sent_at >= SENDING_INTERVAL_S:
            self._flush()

    def _flush(self) -> None:
        if self._pending:
            self._send(Piece(self._request.id, self._pending))
            self._pending = ""
            self._sent_at = time.monotonic()

    def _send_sign_of_life(self, prompt_tokens: int) -> None:
        """Send a sign of life if no text was sent for a while. For example, a tool call is not sent until it is complete."""
        if time.monotonic() - self._sent_at > SIGN_OF_LIFE_S:
            self._send(Working(self._request.id, prompt_tokens, prompt_tokens))
            self._sent_at = time.monotonic()
