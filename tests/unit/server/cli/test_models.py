"""`lampstand models`: the commands of the model runtime for a data folder, and downloads as jobs."""

import json
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import Result
from fakes.breaking_server import breaking_server
from fakes.command_home import CommandHome
from fakes.model_runtime import add_misbehaving
from fakes.placed_models import made_up_model

from appliance.infrastructure.jobs.job import State
from models.catalogue import model_download
from models.catalogue.model import Model
from models.cli import models as runtime_commands
from models.errors import ModelUnknown
from server.cli.models import models
from server.model_jobs import ModelNotAdded

# `models download` is a command in the group `models`, which is in the group `lampstand`.
LAMPSTAND = click.Group("lampstand", commands={"models": models})


def run(home: CommandHome, *arguments: str, answer: str = "") -> Result:
    return home.run(LAMPSTAND, "models", *arguments, answer=answer)


def job_states(home: CommandHome) -> list[tuple[str, str, State]]:
    """The kinds, titles and states of all jobs."""
    return [(job.kind, job.title, job.state) for job in home.appliance.jobs.latest(20)]


def test_all_commands_of_the_runtime_are_available() -> None:
    assert runtime_commands.commands.keys() == models.commands.keys()


def test_the_models_of_the_data_folder_are_listed(home: CommandHome) -> None:
    add_misbehaving(home.folder.models, name="tiny")
    listed = json.loads(run(home, "list", "--json").output)["models"]

    assert [("tiny", "chat", 7, "available")] == [
        (model["id"], model["role"], model["size"], model["state"]) for model in listed if model["id"] == "tiny"
    ]


def test_a_folder_without_a_chat_model_says_how_to_add_one(home: CommandHome) -> None:
    output = run(home, "list").output

    assert "There is no chat model yet, so answers quote passages. Run `lampstand models recommend`" in output
    add_misbehaving(home.folder.models)
    assert "There is no chat model yet" not in run(home, "list").output


def test_a_model_is_removed_from_the_data_folder(home: CommandHome) -> None:
    add_misbehaving(home.folder.models, name="tiny")
    declined = run(home, "remove", "tiny", answer="n\n")
    assert (1, True) == (declined.exit_code, (home.folder.models / "tiny").exists())

    assert "Deleted tiny.\n" == run(home, "remove", "tiny", "--yes").output
    assert not (home.folder.models / "tiny").exists()
    with pytest.raises(ModelUnknown, match="There is no model 'tiny'"):
        run(home, "remove", "tiny", "--yes")


def test_a_download_is_a_job_of_the_data_folder(home: CommandHome) -> None:
    with breaking_server(b"") as server, pytest.raises(ModelNotAdded, match="404"):
        server.status = 404
        run(home, "download", server.url, "--name", "tiny")

    assert [("download", "Download tiny", State.FAILED)] == job_states(home)


def test_a_downloaded_model_is_named_with_its_size(home: CommandHome, monkeypatch: pytest.MonkeyPatch) -> None:
    def download_model(_catalogue: object, _folder: Path, name_or_url: str, **options: object) -> Model:
        assert ("http://mirror/lamp.gguf", "ab" * 32, "tiny") == (name_or_url, options["sha256"], options["name"])
        return msgspec.structs.replace(made_up_model("tiny"), size=3 * 2**20)

    monkeypatch.setattr(model_download, "download_model", download_model)
    arguments = ("download", "http://mirror/lamp.gguf", "--sha256", "ab" * 32, "--name", "tiny")

    assert "added tiny (3 MiB). Run `lampstand models list` to see all models.\n" == run(home, *arguments).output
    assert {"job": 2, "result": "added tiny (3 MiB)"} == json.loads(run(home, *arguments, "--json").output)
    assert State.DONE is home.appliance.jobs.get(2).state


def test_an_unknown_model_is_refused_with_the_command_that_lists_them(home: CommandHome) -> None:
    with pytest.raises(ModelNotAdded, match="`lampstand models recommend` lists models for this machine"):
        run(home, "download", "no-such-model")

    assert [("download", "Download no-such-model", State.FAILED)] == job_states(home)


def test_a_download_without_a_model_creates_no_job(home: CommandHome) -> None:
    with pytest.raises(ModelNotAdded, match="No model is given"):
        run(home, "download", "  ")

    assert [] == job_states(home)
