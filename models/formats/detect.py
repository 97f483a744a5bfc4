"""Detect the format of a model's file or folder by the content, and read the model's facts."""

from pathlib import Path

from models.errors import ModelFileRefused
from models.files import open_regular
from models.formats import ggml_file, gguf_file
from models.formats.facts import Facts
from models.formats.folder import read_folder

MAGIC_LENGTH = 4
_PICKLE, _ZIP = b"\x80", b"PK\x03\x04"


def read_facts(path: Path, family: str = "") -> Facts:
    """Return the facts of a model's file or folder. `family` is the architecture of a GGML file, which does not contain it.

    Raises ModelFileRefused with the reason and a remedy.
    """
    if path.is_dir():
        return read_folder(path)
    try:
        with open_regular(path) as opened:
            magic = opened.read(MAGIC_LENGTH)
            opened.seek(0)
            if magic == gguf_file.MAGIC:
                return gguf_file.read_gguf(path, opened)
            if magic in ggml_file.MAGICS:
                return ggml_file.read_ggml(path, opened, family)
    except OSError as error:
        raise ModelFileRefused(f"{path} cannot be read: {error.strerror}.") from error
    if magic.startswith(_PICKLE) or magic == _ZIP:
        raise ModelFileRefused(
            f"{path.name} is an archive or contains pickled weights, which may run any program. Use a GGUF file."
        )
    raise ModelFileRefused(
        f"{path.name} is not a model. Choose a GGUF file for llama.cpp: its name ends in .gguf and its content begins with GGUF."
    )
