"""The options of `models serve`: what is served where, and which addresses need a token."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from models.cli.context import ModelsFolder
from models.cli.serving import TOKEN_VARIABLE, ServeOptions, serve, serve_options

HOME = ModelsFolder(Path("/data/models"), Path("/data/run/models.sock"))


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)


def options_of(
    *,
    home: ModelsFolder | None = HOME,
    folder: Path | None = None,
    socket: Path | None = None,
    host: str = "",
    token_file: Path | None = None,
) -> ServeOptions:
    return serve_options(home, folder=folder, socket=socket, host=host, token_file=token_file)


def token_file(folder: Path, text: str) -> Path:
    (folder / "token").write_text(text)
    return folder / "token"


def test_the_data_folder_has_the_models_and_the_socket() -> None:
    expected = ServeOptions(folder=HOME.folder, socket=HOME.socket, host="", token="")

    assert expected == options_of()


def test_another_folder_and_another_socket_can_be_set() -> None:
    options = options_of(folder=Path("/other/models"), socket=Path("/other/models.sock"))

    assert (Path("/other/models"), Path("/other/models.sock")) == (options.folder, options.socket)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.5.5.5", "::1", "localhost"])
def test_an_address_of_this_machine_needs_no_token_and_replaces_the_socket(host: str) -> None:
    options = options_of(host=host, socket=Path("/other/models.sock"))

    assert (host, None, "") == (options.host, options.socket, options.token)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "lamp.example.org"])
def test_a_network_address_needs_a_token(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    with pytest.raises(click.UsageError, match=f"anyone who can reach {host} could use the models"):
        options_of(host=host)
    monkeypatch.setenv(TOKEN_VARIABLE, "secret")

    assert (host, "secret") == (options_of(host=host).host, options_of(host=host).token)


def test_white_space_around_the_token_in_a_file_is_removed(tmp_path: Path) -> None:
    assert "secret" == options_of(token_file=token_file(tmp_path, " secret\n")).token


def test_the_token_of_a_file_replaces_that_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "older")

    assert "secret" == options_of(token_file=token_file(tmp_path, "secret")).token


def test_an_empty_token_file_does_not_protect_a_network_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "older")

    with pytest.raises(click.UsageError, match="Set a token with --token-file FILE"):
        options_of(host="192.168.1.5", token_file=token_file(tmp_path, "\n"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Set the models folder with --folder."),
        (["--folder", "models"], "Set the address to listen on: --socket PATH or --host ADDRESS."),
        (["--folder", "models", "--host", "192.168.1.5"], "Without a token, anyone who can reach 192.168.1.5"),
        (["--folder", "models", "--host", "127.0.0.1", "--port", "http"], "Invalid value for '--port'"),
        (["--folder", "models", "--token-file", "/nowhere/token"], "'/nowhere/token' does not exist"),
    ],
)
def test_a_missing_or_unsafe_option_is_a_usage_error(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(serve, arguments)

    assert 2 == result.exit_code
    assert message in " ".join(result.output.split())
