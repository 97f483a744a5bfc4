"""Each model family's own template gives exactly the expected prompt, and models of the family generate text."""

import asyncio
import threading
from collections.abc import Callable, Generator
from datetime import datetime
from pathlib import Path

import pytest
from fakes.families import gemma_2, llama_32, qwen_25
from fakes.model_runtime import answer, running_runtime

from models.backends import LoadOptions
from models.backends.llama_cpp import LlamaCppBackend
from models.catalogue.catalogue import Catalogue
from models.generation.chat_template import ChatTemplate
from models.generation.sampling import Sampling
from models.messages import ChatMessage, Function, FunctionCall, Tool, ToolCall
from server.benchmarks.random_model import Shape, write_random_model

SYSTEM = ChatMessage(role="system", content="Answer from the passages.")
ASKED = ChatMessage(role="user", content=" Who lit the lamp? ")
ANSWERED = ChatMessage(role="assistant", content="Samuel did.")
AGAIN = ChatMessage(role="user", content="When?")
TOOL = Tool(function=Function(name="read", description="Read a passage.", parameters={"type": "object"}))
CALLED = ChatMessage(
    role="assistant", tool_calls=[ToolCall(id="c1", function=FunctionCall(name="read", arguments='{"ref": "John 1"}'))]
)
RESULT = ChatMessage(role="tool", tool_call_id="c1", content="In the beginning")
QWEN_TOOLS = """# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
{"type": "function", "function": {"name": "read", "description": "Read a passage.", "parameters": {"type": "object"}}}
</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call>"""


def backend_of(folder: Path, shape: Shape) -> LlamaCppBackend:
    file = write_random_model(folder / f"{shape.name}.gguf", shape)
    return LlamaCppBackend(LoadOptions(path=str(file), threads=1, context=2048))


def template_of(backend: LlamaCppBackend) -> ChatTemplate:
    return ChatTemplate(backend.chat_template, backend.special_tokens)


def test_llama(tmp_path: Path) -> None:
    backend = backend_of(tmp_path, llama_32())
    today = datetime.now().astimezone().strftime("%d %b %Y")
    prompt = template_of(backend).render([SYSTEM, ASKED, ANSWERED, AGAIN])

    assert prompt == (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n"
        f"Cutting Knowledge Date: December 2023\nToday Date: {today}\n\n"
        "Answer from the passages.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n"
        "Who lit the lamp?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
        "Samuel did.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n"
        "When?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
    )
    # The template's beginning text becomes one token, and no second beginning token is added.
    assert [0, 2] == backend.tokenize(prompt)[:2]
    assert 4 == backend.tokenize(prompt).count(4)
    assert 1 == backend.tokenize(prompt).count(0)


def test_llama_with_tools(tmp_path: Path) -> None:
    prompt = template_of(backend_of(tmp_path, llama_32())).render([ASKED, CALLED, RESULT], [TOOL])

    assert (
        'Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}.'
        "Do not use variables.\n\n" + '{\n    "type": "function",\n    "function": {\n        "name": "read",'
    ) in prompt
    assert (
        '<|start_header_id|>assistant<|end_header_id|>\n\n{"name": "read", "parameters": {"ref": "John 1"}}<|eot_id|>'
        in prompt
    )
    assert prompt.endswith("<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n")


def test_qwen(tmp_path: Path) -> None:
    backend = backend_of(tmp_path, qwen_25())
    prompt = template_of(backend).render([SYSTEM, ASKED, ANSWERED, AGAIN])

    assert prompt == (
        "<|im_start|>system\nAnswer from the passages.<|im_end|>\n"
        "<|im_start|>user\n Who lit the lamp? <|im_end|>\n"
        "<|im_start|>assistant\nSamuel did.<|im_end|>\n"
        "<|im_start|>user\nWhen?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    assert 1 == backend.tokenize(prompt)[0]
    assert 4 == backend.tokenize(prompt).count(2)


def test_qwen_with_tools(tmp_path: Path) -> None:
    prompt = template_of(backend_of(tmp_path, qwen_25())).render([SYSTEM, ASKED, CALLED, RESULT], [TOOL])

    assert prompt == (
        f"<|im_start|>system\nAnswer from the passages.\n\n{QWEN_TOOLS}<|im_end|>\n"
        "<|im_start|>user\n Who lit the lamp? <|im_end|>\n"
        '<|im_start|>assistant\n<tool_call>\n{"name": "read", "arguments": {"ref": "John 1"}}\n</tool_call><|im_end|>\n'
        "<|im_start|>user\n<tool_response>\nIn the beginning\n</tool_response><|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_gemma_without_a_system_role(tmp_path: Path) -> None:
    backend = backend_of(tmp_path, gemma_2())
    prompt = template_of(backend).render([SYSTEM, ASKED, ANSWERED, AGAIN])

    assert prompt == (
        "<bos><start_of_turn>user\nAnswer from the passages.\n\n Who lit the lamp?<end_of_turn>\n"
        "<start_of_turn>model\nSamuel did.<end_of_turn>\n"
        "<start_of_turn>user\nWhen?<end_of_turn>\n"
        "<start_of_turn>model\n"
    )
    assert [2, 4] == backend.tokenize(prompt)[:2]
    assert 1 == backend.tokenize(prompt).count(2)


@pytest.mark.parametrize("shape", [llama_32, qwen_25, gemma_2])
def test_each_family_loads_and_generates(tmp_path: Path, shape: Callable[[], Shape]) -> None:
    file = write_random_model(tmp_path / "model.gguf", shape())

    async def scene() -> tuple[str, int]:
        await Catalogue(tmp_path / "models").add(file)
        async with running_runtime(tmp_path / "models") as runtime:
            text, finished = await answer(runtime, "model", "Who lit the lamp?", max_tokens=12)
            return text, finished.completion_tokens

    text, tokens = asyncio.run(scene())

    assert text
    assert 12 == tokens


def test_the_common_beginning_of_conversations_is_not_read_again(tmp_path: Path) -> None:
    backend = LlamaCppBackend(
        LoadOptions(
            path=str(write_random_model(tmp_path / "m.gguf", Shape())), threads=1, context=4096, prefix_bytes=2**24
        )
    )

    def generate(text: str) -> tuple[bytes, int]:
        tokens = backend.tokenize(text)
        pieces = backend.generate(tokens, Sampling(temperature=0), lambda _done, _total: None, threading.Event())
        output = b"".join(next(pieces) for _ in range(6))
        assert isinstance(pieces, Generator)
        pieces.close()
        backend.rest()
        return output, backend.reused_tokens

    shared = "the light of the word " * 40
    first, none = generate(shared + "first")
    second, some = generate(shared + "second")
    generate("something else entirely, and long enough to be another conversation of its own " * 3)
    again, reused = generate(shared + "first")

    assert 0 == none
    assert some > 100
    assert reused > 100
    assert first == again
    assert first != second
