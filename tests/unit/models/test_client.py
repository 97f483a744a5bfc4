"""A client starts no runtime where something else does."""

import time
from pathlib import Path

import pytest

from models.client import Client
from models.errors import ModelUnavailable


@pytest.mark.parametrize("patience", [0.0, 0.3])
def test_a_client_that_is_to_wait_starts_nothing(tmp_path: Path, patience: float) -> None:
    client = Client(folder=tmp_path / "models", socket=tmp_path / "models.sock", patience=lambda: patience)
    began = time.monotonic()
    with pytest.raises(ModelUnavailable, match="does not run"):
        client.embed(["text"], model="any")
    client.close()

    assert time.monotonic() - began >= patience
    assert [] == list(tmp_path.iterdir())
