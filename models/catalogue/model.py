"""A model that can be loaded, as the catalogue describes it."""

from enum import StrEnum

import msgspec

from models.formats.facts import Facts


class ModelRole(StrEnum):
    CHAT = "chat"
    EMBED = "embed"
    RERANK = "rerank"


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model. `path` is its file or folder; `sha256` is the digest of its weights; `backend` is the library that loads it.

    `size` is in bytes. `added_at` is in seconds since 1970, 0 for a packaged model.
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
