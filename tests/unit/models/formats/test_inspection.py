"""The facts of a file come from another process. Whatever happens to it, the caller gets facts or a refusal."""

import asyncio
from pathlib import Path

import pytest
from fakes.python_program import replace_python, replace_python_by_output

from models.errors import ModelFileRefused
from models.formats.facts import Facts, Layers
from models.formats.inspection import inspect

FACTS = Facts(
    role="chat",
    backend="llama_cpp",
    weights=736,
    family="llama",
    chat_template=True,
    layers=Layers(
        blocks=[256, 256],
        kv_per_token=[16, 16],
        output=128,
        embedding=96,
        width=8,
        feed_forward=32,
        vocabulary=3,
        heads=2,
        trained_context=2048,
    ),
)


def refusal(path: Path, family: str = "") -> str:
    with pytest.raises(ModelFileRefused) as error:
        asyncio.run(inspect(path, family))
    return error.value.message


def test_the_facts_of_the_other_process_are_returned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_python_by_output(tmp_path, monkeypatch, {"facts": FACTS})

    assert FACTS == asyncio.run(inspect(tmp_path / "m.gguf"))


def test_the_other_process_gets_the_path_and_the_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_python(tmp_path, monkeypatch, """printf '{"refused": "%s of %s"}' "$4" "$5" """)

    assert "/models/old model.bin of gpt2" == refusal(Path("/models/old model.bin"), "gpt2")


def test_a_refusal_of_the_other_process_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_python_by_output(tmp_path, monkeypatch, {"refused": "m.gguf is not a model."})

    assert "m.gguf is not a model." == refusal(tmp_path / "m.gguf")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo MemoryError >&2; exit 1", "ended with status 1: MemoryError"),
        ("kill -SEGV $$", "ended with status -11"),
        ("echo 'warning: a word that is no JSON'", "JSON is malformed"),
        ("exit 0", "could not be inspected"),
        ("""echo '{"facts": {"role": "chat", "backend": "llama_cpp", "weights": true}}'""", "Expected `int`"),
    ],
)
def test_a_process_that_fails_or_prints_something_else_refuses_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    replace_python(tmp_path, monkeypatch, script)
    message = refusal(tmp_path / "m.gguf")

    assert message.startswith("m.gguf could not be inspected: ")
    assert reason in message
