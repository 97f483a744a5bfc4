"""A downloaded file that the catalogue refuses is removed."""

from pathlib import Path

import pytest
from fakes.breaking_server import breaking_server
from fakes.inspection import inspect_in_process
from fakes.tiny_gguf import make_tiny_gguf

from models.catalogue.catalogue import Catalogue
from models.catalogue.model_download import DOWNLOADS, download_model
from models.errors import ModelError, ModelFileRefused


def files_after_download(folder: Path, url: str, *, name: str = "") -> list[Path]:
    with pytest.raises(ModelError):
        download_model(
            Catalogue(folder, inspect_in_process), folder, url, name=name, on_progress=lambda _done, _total: None
        )
    downloads = folder / DOWNLOADS
    return sorted(downloads.iterdir()) if downloads.exists() else []


@pytest.mark.parametrize(
    "content", [b"<html>", b"PK\x03\x04zip", b"GGUF", b"\x80pickle", b"GGUF\x03\0\0\0" + b"\xff" * 100]
)
def test_a_file_that_is_not_a_model_is_removed(tmp_path: Path, content: bytes) -> None:
    with breaking_server(content) as server:
        assert [] == files_after_download(tmp_path, server.url)


def test_an_invalid_name_is_refused_before_the_download(tmp_path: Path) -> None:
    with breaking_server(b"GGUF") as server:
        for name in ("a/b", ".a", "a\0", "a" * 300, "all-MiniLM-L6-v2" + "-onnx"):
            with pytest.raises(ModelFileRefused, match="is not a valid model name"):
                download_model(
                    Catalogue(tmp_path), tmp_path, server.url, name=name, on_progress=lambda _done, _total: None
                )
        assert [] == server.requested_ranges


def test_a_model_is_added_and_its_download_is_removed(tmp_path: Path) -> None:
    content = make_tiny_gguf(tmp_path / "source.gguf").read_bytes()
    with breaking_server(content) as server:
        added = download_model(
            Catalogue(tmp_path / "m", inspect_in_process),
            tmp_path / "m",
            server.url,
            on_progress=lambda _done, _total: None,
        )

    assert content == Path(added.path).read_bytes()
    assert [] == list((tmp_path / "m" / DOWNLOADS).iterdir())


@pytest.mark.parametrize("error", [OSError("disk"), RuntimeError("cancelled"), KeyboardInterrupt()])
def test_a_download_is_removed_after_any_error_of_adding(tmp_path: Path, error: BaseException) -> None:
    content = make_tiny_gguf(tmp_path / "source.gguf").read_bytes()
    folder = tmp_path / "models"
    completed: list[int] = []

    def cancel_while_adding(done: int, total: int) -> None:
        completed.append(done)
        if completed.count(total) == 2:
            raise error

    with breaking_server(content) as server, pytest.raises((type(error), ModelError)):
        download_model(Catalogue(folder, inspect_in_process), folder, server.url, on_progress=cancel_while_adding)

    assert 2 == completed.count(len(content))
    assert [folder / DOWNLOADS] == list(folder.rglob("*"))
