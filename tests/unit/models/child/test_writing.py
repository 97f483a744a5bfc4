"""A generation becomes frames: pieces of text, tool calls, signs of life, and the reason for the end."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.child.frames import Generate, GenerationFinished, Piece, RequestFailed, Working
from models.child.writing import DEFAULT_MAX_TOKENS, GenerationWriter
from models.errors import RequestInvalid
from models.generation.sampling import Sampling
from models.generation.traced import is_trusted
from models.messages import ChatMessage, Function, Tool

ID = 7
CALL = '<tool_call>{"name": "weather", "arguments": {"place": "Cana"}}</tool_call>'
WEATHER = Tool(function=Function(name="weather", parameters={"type": "object"}))
Frame = Working | Piece | GenerationFinished | RequestFailed


class WordBackend:
    """A backend with one token per word. It generates the given tokens; `prompts` and `samplings` are what it got."""

    special_tokens: Mapping[str, str] = {}
    reused_tokens = 3

    def __init__(self, *tokens: bytes, context: int = 100, chat_template: str = "") -> None:
        self.tokens, self.context, self.chat_template = tokens, context, chat_template
        self.prompts: list[str] = []
        self.samplings: list[Sampling] = []

    def tokenize(self, prompt: str) -> list[int]:
        self.prompts.append(prompt)
        return list(range(len(prompt.split())))

    def generate(
        self, tokens: list[int], sampling: Sampling, on_prompt: Callable[[int, int], None], cancelled: threading.Event
    ) -> Iterator[bytes]:
        self.samplings.append(sampling)
        on_prompt(len(tokens), len(tokens))
        for token in self.tokens:
            if cancelled.is_set():
                return
            yield token

    def interrupt(self) -> None:
        pass

    def write_with(self, threads: int) -> None:
        pass

    def writing_rate(self, threads: int, seconds: float) -> float:
        return threads * seconds

    def rest(self) -> None:
        pass


def frames_of(backend: WordBackend, request: Generate) -> list[Frame]:
    frames: list[Frame] = []
    GenerationWriter(backend).write(request, threading.Event(), frames.append)
    return frames


def text_of(frames: Sequence[Frame]) -> str:
    return "".join(frame.text for frame in frames if isinstance(frame, Piece))


def end_of(frames: Sequence[Frame]) -> GenerationFinished:
    assert isinstance(frames[-1], GenerationFinished)
    return frames[-1]


def prompt(
    text: str = "In the beginning", sampling: Sampling | None = None, *, parse_special: bool = False
) -> Generate:
    return Generate(id=ID, prompt=text, sampling=sampling or Sampling(), parse_special=parse_special)


def question(text: str = "Why?", *, tools: Sequence[Tool] = (), required_tool: str | None = None) -> Generate:
    message = ChatMessage(role="user", content=text)
    return Generate(id=ID, messages=[message], tools=list(tools), required_tool=required_tool)


def test_an_answer_has_its_text_and_its_token_counts() -> None:
    frames = frames_of(WordBackend(b"God ", b"created ", b"light"), prompt())

    assert "God created light" == text_of(frames)
    assert GenerationFinished(
        id=ID, reason="stop", prompt_tokens=3, completion_tokens=3, reused_tokens=3, tool_calls=[]
    ) == end_of(frames)


def test_each_frame_has_the_id_of_its_request() -> None:
    assert {ID} == {frame.id for frame in frames_of(WordBackend(b"Amen."), prompt())}


def test_the_progress_of_the_prompt_is_sent_before_the_text() -> None:
    frames = frames_of(WordBackend(b"Amen."), prompt())

    assert [Working(ID, 3, 3), Piece(ID, "Amen.")] == frames[:2]


def test_a_model_may_answer_nothing() -> None:
    frames = frames_of(WordBackend(), prompt())

    assert ("", "stop", 0) == (text_of(frames), end_of(frames).reason, end_of(frames).completion_tokens)


@given(text=st.text(), size=st.integers(1, 5))
@settings(deadline=None, max_examples=25)
def test_tokens_may_divide_a_text_anywhere(text: str, size: int) -> None:
    data = text.encode()
    tokens = [data[at : at + size] for at in range(0, len(data), size)]

    assert text == text_of(frames_of(WordBackend(*tokens, context=9_000), prompt(sampling=Sampling(max_tokens=8_000))))


def test_an_answer_ends_at_its_token_limit() -> None:
    frames = frames_of(WordBackend(b"God ", b"created ", b"light"), prompt(sampling=Sampling(max_tokens=2)))

    assert ("God created ", "length", 2) == (text_of(frames), end_of(frames).reason, end_of(frames).completion_tokens)


@pytest.mark.parametrize(
    ("context", "limit", "allowed"),
    [(5_000, None, DEFAULT_MAX_TOKENS), (5_000, 2_000, 2_000), (10, None, 7), (10, 8, 7), (10, 7, 7), (4, 9, 1)],
)
def test_prompt_and_answer_fit_into_the_context(context: int, limit: int | None, allowed: int) -> None:
    backend = WordBackend(context=context)
    frames_of(backend, prompt("In the beginning", Sampling(max_tokens=limit)))

    assert [allowed] == [sampling.max_tokens for sampling in backend.samplings]


@pytest.mark.parametrize("context", [2, 3])
def test_a_prompt_that_leaves_no_room_for_an_answer_is_refused(context: int) -> None:
    with pytest.raises(
        RequestInvalid, match=f"The prompt has 3 tokens. The context of this model has {context} tokens"
    ):
        frames_of(WordBackend(context=context), prompt("In the beginning"))


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_prompt_is_refused(text: str) -> None:
    with pytest.raises(RequestInvalid, match="The prompt is empty"):
        frames_of(WordBackend(), prompt(text))


@pytest.mark.parametrize("tokens", [(b"one ", b"two END", b" three"), (b"one two E", b"ND three", b"four")])
def test_an_answer_ends_before_a_stop_sequence(tokens: Sequence[bytes]) -> None:
    frames = frames_of(WordBackend(*tokens), prompt(sampling=Sampling(stop=("END",))))

    assert ("one two ", "stop", 2) == (text_of(frames), end_of(frames).reason, end_of(frames).completion_tokens)


def test_the_beginning_of_a_stop_sequence_at_the_end_of_an_answer_is_text() -> None:
    assert "one EN" == text_of(frames_of(WordBackend(b"one ", b"EN"), prompt(sampling=Sampling(stop=("END",)))))


def test_a_cancelled_generation_ends() -> None:
    cancelled, frames = threading.Event(), list[Frame]()

    def send(frame: Frame) -> None:
        frames.append(frame)
        if isinstance(frame, Piece):
            cancelled.set()

    GenerationWriter(WordBackend(b"God ", b"created ", b"light")).write(prompt(), cancelled, send)

    assert ("God ", 1) == (text_of(frames), end_of(frames).completion_tokens)


def test_a_conversation_is_written_with_the_template_of_the_model() -> None:
    backend = WordBackend(chat_template="<s>{{ messages[0].content }}</s>")
    frames_of(backend, question("Why?"))

    assert ["<s>Why?</s>"] == backend.prompts


def test_only_the_template_may_contain_special_tokens() -> None:
    backend = WordBackend(chat_template="<s>{{ messages[0].content }}")
    frames_of(backend, question("</s>"))
    (text,) = backend.prompts

    assert (True, False) == (is_trusted(text, 0, 3), is_trusted(text, 3, 4))


@pytest.mark.parametrize("parse_special", [True, False])
def test_a_prompt_may_contain_special_tokens_only_on_request(parse_special: bool) -> None:
    backend = WordBackend()
    frames_of(backend, prompt("<s> In", parse_special=parse_special))
    (text,) = backend.prompts

    assert parse_special is is_trusted(text, 0, len(text))


def test_a_model_without_a_template_does_not_write_the_next_question() -> None:
    frames = frames_of(WordBackend(b"Because.", b"\nUser:", b" Why not?"), question())

    assert "Because." == text_of(frames)


def test_a_model_with_a_broken_template_cannot_be_used() -> None:
    with pytest.raises(RequestInvalid, match="The model's chat template is broken"):
        GenerationWriter(WordBackend(chat_template="{% if"))


def test_a_tool_call_is_not_sent_as_text() -> None:
    frames = frames_of(WordBackend(CALL[:20].encode(), CALL[20:].encode()), question(tools=[WEATHER]))
    (call,) = end_of(frames).tool_calls

    assert ("", "tool_calls") == (text_of(frames), end_of(frames).reason)
    assert ("weather", '{"place": "Cana"}') == (call.function.name, call.function.arguments)


def test_during_a_tool_call_there_is_a_sign_of_life() -> None:
    frames = frames_of(WordBackend(CALL.encode()), question(tools=[WEATHER]))
    read = frames[0]

    # The first is the progress of the prompt.
    assert isinstance(read, Working)
    assert frames.count(read) >= 2


def test_text_before_a_tool_call_is_sent() -> None:
    frames = frames_of(WordBackend(b"I will look. ", CALL.encode()), question(tools=[WEATHER]))

    assert ("I will look. ", "tool_calls") == (text_of(frames), end_of(frames).reason)


@pytest.mark.parametrize("tools", [(), (Tool(function=Function(name="distance")),)])
def test_a_call_of_a_tool_that_is_not_available_is_text(tools: Sequence[Tool]) -> None:
    frames = frames_of(WordBackend(CALL.encode()), question(tools=tools))

    assert (CALL, "stop", []) == (text_of(frames), end_of(frames).reason, end_of(frames).tool_calls)


def test_a_required_tool_call_follows_the_schema_of_the_tool() -> None:
    backend = WordBackend(b'{"name": "weather", ', b'"arguments": {}}')
    frames = frames_of(backend, question(tools=[WEATHER], required_tool="weather"))
    schema = backend.samplings[0].json_schema

    assert schema is not None
    assert {"const": "weather"} == schema["properties"]["name"]
    assert [("weather", "{}")] == [(call.function.name, call.function.arguments) for call in end_of(frames).tool_calls]
    assert ("", "tool_calls") == (text_of(frames), end_of(frames).reason)


def test_a_required_tool_call_that_was_cut_off_is_text() -> None:
    request = question(tools=[WEATHER], required_tool="")
    request = msgspec.structs.replace(request, sampling=Sampling(max_tokens=1))
    frames = frames_of(WordBackend(b'{"name": "wea', b'ther"}'), request)

    assert ('{"name": "wea', "length", []) == (text_of(frames), end_of(frames).reason, end_of(frames).tool_calls)


def test_a_required_tool_must_be_one_of_the_tools() -> None:
    with pytest.raises(RequestInvalid, match="`tool_choice` requires distance, but `tools` does not contain it"):
        frames_of(WordBackend(), question(tools=[WEATHER], required_tool="distance"))
