"""`models add`, `models download` and `models remove`: their output, and the files in the models folder."""

from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner, Result
from fakes.breaking_server import breaking_server
from fakes.prepared_runtime import prepared_runtime
from fakes.python_program import replace_python, replace_python_by_output
from fakes.registered_models import register_model

from models.catalogue.model import Model
from models.cli.adding import add, download, remove, with_download_options
from models.cli.context import ModelsFolder
from models.errors import DownloadFailed, ModelError, ModelFileRefused, ModelUnknown
from models.formats.facts import Facts

FACTS = Facts(role="chat", backend="llama_cpp", weights=2048, family="llama", licence="MIT")


@pytest.fixture
def models_folder(tmp_path: Path) -> ModelsFolder:
    return ModelsFolder(tmp_path / "models", tmp_path / "models.sock")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of 2 KiB. Its facts are what the other process prints."""
    (tmp_path / "lamp.gguf").write_bytes(b"lamp" * 512)
    return tmp_path / "lamp.gguf"


def invoke(models_folder: ModelsFolder, command: click.Command, *arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(command, arguments, input=answer, obj=models_folder, catch_exceptions=False)


def names(models_folder: ModelsFolder) -> list[str]:
    """The names of the added models."""
    return [model.id for model in models_folder.catalogue.models() if model.added_at]


def files(models_folder: ModelsFolder) -> list[str]:
    """The names of the models' files."""
    return [path.name for path in models_folder.folder.glob("*.gguf*")]


def test_an_added_model_is_named_after_its_file_and_its_use_is_explained(
    models_folder: ModelsFolder, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_python_by_output(tmp_path, monkeypatch, {"facts": FACTS})
    result = invoke(models_folder, add, str(file))

    assert "Added lamp (2 KiB). From now on, Lampstand writes answers with this model.\n" == result.output
    assert file.read_bytes() == (models_folder.folder / "lamp.gguf").read_bytes()
    assert ["lamp"] == names(models_folder)


@pytest.mark.parametrize(
    ("role", "use"),
    [
        ("embed", "This model can embed texts."),
        ("rerank", "This model can rerank results."),
        ("chat", "writes answers"),
    ],
)
def test_the_use_of_a_model_depends_on_its_role(
    models_folder: ModelsFolder, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str, use: str
) -> None:
    replace_python_by_output(tmp_path, monkeypatch, {"facts": msgspec.structs.replace(FACTS, role=role)})

    assert use in invoke(models_folder, add, str(file)).output


def test_a_model_can_get_a_name_and_a_licence(
    models_folder: ModelsFolder, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_python_by_output(tmp_path, monkeypatch, {"facts": FACTS})
    result = invoke(models_folder, add, str(file), "--name", "small lamp", "--licence", "Apache-2.0", "--json")
    added = msgspec.json.decode(result.output, type=Model)

    assert ("small lamp", "Apache-2.0", str(file)) == (added.id, added.licence, added.source)
    assert added == models_folder.catalogue.find("small lamp")


def test_the_family_of_an_old_file_is_passed_to_the_inspection(
    models_folder: ModelsFolder, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_python(tmp_path, monkeypatch, """printf '{"refused": "not of the family %s"}' "$5" """)

    with pytest.raises(ModelFileRefused, match="not of the family gpt2"):
        invoke(models_folder, add, str(file), "--family", "gpt2")


def test_a_refused_file_is_not_copied(
    models_folder: ModelsFolder, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_python_by_output(tmp_path, monkeypatch, {"refused": "lamp.gguf is not a model."})

    with pytest.raises(ModelFileRefused, match=r"lamp\.gguf is not a model"):
        invoke(models_folder, add, str(file))
    assert ([], []) == (names(models_folder), files(models_folder))


def test_a_missing_file_is_refused(models_folder: ModelsFolder) -> None:
    with pytest.raises(ModelFileRefused, match=r"There is no file or folder '/nowhere/lamp\.gguf'"):
        invoke(models_folder, add, "/nowhere/lamp.gguf")


def test_a_downloaded_model_is_named_after_the_file_of_its_address(
    models_folder: ModelsFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_python_by_output(tmp_path, monkeypatch, {"facts": FACTS})
    with breaking_server(b"lamp" * 512) as server:
        result = invoke(models_folder, download, server.url)

    assert "Added model (2 KiB). From now on, Lampstand writes answers with this model.\n" == result.output
    assert server.url == models_folder.catalogue.find("model").source
    assert b"lamp" * 512 == (models_folder.folder / "model.gguf").read_bytes()


def test_a_downloaded_model_can_get_a_name(
    models_folder: ModelsFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_python_by_output(tmp_path, monkeypatch, {"facts": FACTS})
    with breaking_server(b"lamp" * 512) as server:
        result = invoke(models_folder, download, server.url, "--name", "small", "--json")

    assert models_folder.catalogue.find("small") == msgspec.json.decode(result.output, type=Model)


def test_a_download_with_another_digest_is_not_added(models_folder: ModelsFolder) -> None:
    with breaking_server(b"lamp" * 512) as server, pytest.raises(DownloadFailed, match="SHA-256"):
        invoke(models_folder, download, server.url, "--sha256", "0" * 64)

    assert ([], []) == (names(models_folder), files(models_folder))


def test_a_name_that_is_not_published_gets_the_list_of_names(models_folder: ModelsFolder) -> None:
    with pytest.raises(ModelUnknown, match=r"lamp is neither an address nor .* Published models: qwen2\.5-0\.5b, "):
        invoke(models_folder, download, "lamp")


def test_a_command_that_downloads_in_another_way_has_the_same_arguments(models_folder: ModelsFolder) -> None:
    @click.command()
    @with_download_options
    def queue(name_or_url: str, sha256: str, name: str, as_json: bool) -> None:
        click.echo(f"{name_or_url} {sha256} {name} {as_json}")

    assert (
        "lamp ab small True\n"
        == invoke(models_folder, queue, "lamp", "--sha256", "ab", "--name", "small", "--json").output
    )
    assert [parameter.name for parameter in download.params] == [parameter.name for parameter in queue.params]


def test_a_removed_model_is_deleted_without_a_question_on_request(models_folder: ModelsFolder) -> None:
    register_model(models_folder.folder, "lamp")
    result = invoke(models_folder, remove, "lamp", "--yes")

    assert "Deleted lamp.\n" == result.output
    assert ([], []) == (names(models_folder), files(models_folder))


def test_the_question_before_a_removal_names_the_model_its_size_and_its_folder(models_folder: ModelsFolder) -> None:
    register_model(models_folder.folder, "lamp")
    result = invoke(models_folder, remove, "lamp", answer="y\n")

    assert f"Delete lamp (2 KiB) from {models_folder.folder}? [y/N]: y\nDeleted lamp.\n" == result.output
    assert [] == names(models_folder)


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_a_model_stays_unless_the_answer_is_yes(models_folder: ModelsFolder, answer: str) -> None:
    register_model(models_folder.folder, "lamp")
    result = invoke(models_folder, remove, "lamp", answer=answer)

    assert 1 == result.exit_code
    assert (["lamp"], ["lamp.gguf"]) == (names(models_folder), files(models_folder))


def test_an_unknown_model_cannot_be_removed(models_folder: ModelsFolder) -> None:
    with pytest.raises(ModelUnknown, match="There is no model 'lamp'"):
        invoke(models_folder, remove, "lamp", "--yes")


def test_a_running_runtime_removes_the_model_itself(models_folder: ModelsFolder) -> None:
    register_model(models_folder.folder, "small lamp?")
    with prepared_runtime(models_folder.socket, {"DELETE /admin/models/small%20lamp%3F": {}}) as runtime:
        result = invoke(models_folder, remove, "small lamp?", "--yes")

    assert "Deleted small lamp?.\n" == result.output
    assert ["DELETE /admin/models/small%20lamp%3F"] == runtime.requests
    # The prepared runtime deletes nothing.
    assert ["small lamp?"] == names(models_folder)


def test_the_error_of_a_running_runtime_is_passed_on(models_folder: ModelsFolder) -> None:
    register_model(models_folder.folder, "lamp")
    error = ModelError("The disk is full.")

    with (
        prepared_runtime(models_folder.socket, {"DELETE /admin/models/lamp": error}),
        pytest.raises(ModelError, match="The disk is full"),
    ):
        invoke(models_folder, remove, "lamp", "--yes")
