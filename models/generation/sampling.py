"""Sampling parameters, for all backends that generate text."""

from typing import Any

import msgspec


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """How a model chooses tokens and where its answer ends. If `seed` is None, each request gets a random seed."""

    max_tokens: int | None = None
    temperature: float = 0.8
    top_p: float = 0.95
    seed: int | None = None
    stop: tuple[str, ...] = ()
    json_schema: dict[str, Any] | None = None
