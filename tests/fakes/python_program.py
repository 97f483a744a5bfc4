"""Replaces Python by a shell script, for tests of code that runs a module in another process."""

import sys
from pathlib import Path

import msgspec
import pytest


def replace_python(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Run `script` instead of Python until the test ends. The script gets Python's arguments: -P -m MODULE …"""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))


def replace_python_by_output(folder: Path, monkeypatch: pytest.MonkeyPatch, output: object) -> None:
    """Run a program that prints `output` as JSON, instead of Python, until the test ends."""
    (folder / "output.json").write_bytes(msgspec.json.encode(output))
    replace_python(folder, monkeypatch, f"cat '{folder}/output.json'")
