"""Which format a file or folder has, by its content, and what it says of itself."""

from pathlib import Path

from models.errors import ModelFileRefused
from models.files import open_regular
from models.formats import ggml_file, gguf_file
from models.formats.facts import Facts
from models.formats.folder import read_folder

MAGIC_LENGTH = 4
_PICKLE, _ZIP = b"\x80", b"PK\x03\x04"


def read_facts(path: Path, family: str = "") -> Facts:
    """What a model's file or folder holds. `family` names the architecture of a GGML file, which does not say it.

    Raises ModelFileRefused with what is wrong, and what to do.
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
            f"{path.name} is an archive or pickled weights, which may run any program. GGUF files are loaded."
        )
    raise ModelFileRefused(f"{path.name} is not a model: GGUF files for llama.cpp end in .gguf and begin with GGUF.")
