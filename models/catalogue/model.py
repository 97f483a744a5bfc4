"""A model that can be loaded, as the catalogue describes it."""

from enum import StrEnum

import msgspec

from models.formats.facts import Facts


class ModelRole(StrEnum):
    CHAT = "chat"
    EMBED = "embed"
    RERANK = "rerank"


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model by name. `path` is its file or folder; `sha256` is that of its weights; `backend` what loads it.

    `size` is in bytes, `added_at` in seconds since 1970, 0 for a model of a package.
    """

    id: str
    role: ModelRole
    backend: str
    path: str
    size: int
    sha256: str
    licence: str
    source: str
    added_at: int = 0
    family: str = ""
    facts: Facts | None = None
