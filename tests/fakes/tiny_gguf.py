"""A chat model of half a megabyte with random weights, in the real format for the real llama.cpp."""

from pathlib import Path

from server.benchmarks.random_model import Shape, write_random_model


def make_tiny_gguf(path: Path, *, seed: int = 7, layers: int = 2) -> Path:
    """Write a Llama model of width 64 with byte tokens and a few words. More layers make the model slower."""
    return write_random_model(path, Shape(layers=layers), seed=seed)
