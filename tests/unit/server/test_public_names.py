"""Public names do not change: paths, fields and parameters of the API, and commands."""

from collections.abc import Iterator
from typing import Any

import click
import pytest

from server.app import create_app
from server.bootstrap import open_appliance
from server.cli import lampstand
from server.http.access import CSRF_HEADER

PATHS = (
    "session search chapters passages references translations topics suggest ask messages graph/query health".split()
)
# `verse` is a verse number; `texts` maps the id of a translation to the text of a verse.
FIELDS = """
id name password csrf_token question translation state hits score references sources osis text language verses verse texts
query rows columns notice
""".split()
PARAMETERS = "q mode limit translation translations ref cursor".split()
COMMANDS = "up serve status read search ask bench eval".split()
SUBCOMMANDS = [("library", "import"), ("library", "list"), ("users", "add")]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    appliance = open_appliance(tmp_path_factory.mktemp("names") / "home")
    yield create_app(appliance).openapi_schema.to_schema()
    appliance.close()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def test_the_paths_of_the_api_do_not_change(document: dict[str, Any]) -> None:
    paths = list(document["paths"])

    assert [] == [name for name in PATHS if not any(_begins(path, f"/api/v1/{name}") for path in paths)]
    assert "/api/v1/messages/{message_id}" in paths
    assert "/api/v1/chapters/{translation}/{book}/{chapter}" in paths


def _begins(path: str, start: str) -> bool:
    return path == start or path.startswith(f"{start}/")


def test_the_fields_of_answers_and_requests_do_not_change(document: dict[str, Any]) -> None:
    fields = {name for schema in document["components"]["schemas"].values() for name in schema.get("properties", {})}

    assert set() == set(FIELDS) - fields


def test_the_parameters_do_not_change(document: dict[str, Any]) -> None:
    parameters = {
        parameter["name"] for _, operation in operations(document) for parameter in operation.get("parameters", [])
    }

    assert set() == set(PARAMETERS) - parameters
    search = document["paths"]["/api/v1/search"]["get"]["parameters"]
    assert {"q", "mode", "limit", "translation", "cursor"} <= {parameter["name"] for parameter in search}


def test_the_csrf_header_does_not_change() -> None:
    assert "x-csrf-token" == CSRF_HEADER


def test_the_commands_do_not_change() -> None:
    context = click.Context(lampstand)

    assert set() == set(COMMANDS) - set(lampstand.list_commands(context))
    for group, command in SUBCOMMANDS:
        command_group = lampstand.get_command(context, group)
        assert isinstance(command_group, click.Group)
        assert command in command_group.list_commands(click.Context(command_group))
