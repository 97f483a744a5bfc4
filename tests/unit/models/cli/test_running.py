"""`models list`, `load`, `unload` and `pin`, with and without a running runtime."""

import json
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner, Result
from fakes.placed_models import made_up_plan
from fakes.prepared_runtime import prepared_runtime
from fakes.registered_models import register_model

from models.catalogue.model import ModelRole
from models.cli.context import ModelsFolder
from models.cli.running import list_models, load, pin, unload
from models.errors import DoesNotFit, ModelUnavailable, ModelUnknown

GIB = 2**30
HINT = "There is no chat model yet, so answers quote passages."


@pytest.fixture
def models_folder(tmp_path: Path) -> ModelsFolder:
    """A folder with the chat models `lamp` and `small lamp`. No runtime is started in it."""
    folder = ModelsFolder(tmp_path / "models", tmp_path / "models.sock", wait_for_start=lambda: 0.0)
    register_model(folder.folder, "lamp", size=3 * 2**20)
    register_model(folder.folder, "small lamp")
    return folder


def invoke(models_folder: ModelsFolder, command: click.Command, *arguments: str) -> Result:
    wide = {"COLUMNS": "200"}
    return CliRunner(env=wide).invoke(command, arguments, obj=models_folder, catch_exceptions=False)


def status(name: str, *, state: str = "loaded", pinned: bool = False) -> dict[str, object]:
    """A model as the runtime describes it. If it is loaded, it uses 2 GiB instead of 3 GiB."""
    loaded = state == "loaded"
    plan = msgspec.structs.replace(made_up_plan(name), reasons=["It fits.", "No GPU is used."])
    return {
        "id": name,
        "role": "chat",
        "backend": "llama_cpp",
        "size": GIB,
        "licence": "MIT",
        "source": "",
        "state": state,
        "pinned": pinned,
        "in_use": 0,
        "idle_s": 0.0,
        "load_s": 1.26 if loaded else 0.0,
        "predicted_bytes": 3 * GIB if loaded else 0,
        "used_bytes": 2 * GIB if loaded else 0,
        "pid": 4711 if loaded else 0,
        "plan": json.loads(msgspec.json.encode(plan)) if loaded else None,
    }


def row(result: Result, name: str) -> list[str]:
    """The words of the line about a model."""
    return next(line for line in result.output.splitlines() if line.split("  ")[0].strip() == name).split()


def test_without_a_runtime_the_added_models_are_available(models_folder: ModelsFolder) -> None:
    models_folder.catalogue.set_pinned("lamp", pinned=True)
    result = invoke(models_folder, list_models)

    assert "lamp chat 3 MiB available, pinned Apache-2.0".split() == row(result, "lamp")
    assert "small lamp chat 2 KiB available Apache-2.0".split() == row(result, "small lamp")
    assert HINT not in result.output
    assert not models_folder.socket.exists()


def test_without_a_chat_model_the_next_commands_are_suggested(tmp_path: Path) -> None:
    register_model(tmp_path / "models", "embedder", role=ModelRole.EMBED)
    result = invoke(ModelsFolder(tmp_path / "models", tmp_path / "models.sock"), list_models)

    assert "embedder embed 2 KiB available Apache-2.0".split() == row(result, "embedder")
    assert HINT in result.output
    assert "`lampstand models recommend`" in result.output


def test_a_running_runtime_reports_states_and_memory(models_folder: ModelsFolder) -> None:
    statuses = [status("lamp", pinned=True), status("small lamp", state="available"), status("oil", state="loading")]
    with prepared_runtime(models_folder.socket, {"GET /admin/models": {"models": statuses}}):
        result = invoke(models_folder, list_models)

    assert "lamp chat 1.0 GiB loaded, pinned 2.0 GiB / 3.0 GiB MIT".split() == row(result, "lamp")
    assert "small lamp chat 1.0 GiB available MIT".split() == row(result, "small lamp")
    assert "oil chat 1.0 GiB loading MIT".split() == row(result, "oil")
    assert "Memory: used / predicted." in result.output


def test_a_name_with_brackets_is_printed_unchanged(models_folder: ModelsFolder) -> None:
    register_model(models_folder.folder, "[bold]:lamp:")

    assert "[bold]:lamp:" == row(invoke(models_folder, list_models), "[bold]:lamp:")[0]


def test_the_list_as_json_has_the_fields_of_the_runtime(models_folder: ModelsFolder) -> None:
    statuses = {"models": [status("lamp")]}
    with prepared_runtime(models_folder.socket, {"GET /admin/models": statuses}):
        running = json.loads(invoke(models_folder, list_models, "--json").output)
    stopped = json.loads(invoke(models_folder, list_models, "--json").output)["models"]

    assert statuses == running
    assert status("lamp").keys() == stopped[0].keys()
    assert {("lamp", "available"), ("small lamp", "available")} <= {(model["id"], model["state"]) for model in stopped}


def test_a_loaded_model_is_reported_with_its_memory_and_the_reasons_of_its_plan(models_folder: ModelsFolder) -> None:
    answers = {"POST /admin/models/small%20lamp/load": status("small lamp")}
    with prepared_runtime(models_folder.socket, answers):
        result = invoke(models_folder, load, "small lamp")

    assert (
        "Loaded small lamp in 1.3 s. It uses 2.0 GiB; the prediction was 3.0 GiB.\nIt fits.\nNo GPU is used.\n"
        == result.output
    )


def test_a_pinned_model_is_reported_as_pinned(models_folder: ModelsFolder) -> None:
    with prepared_runtime(models_folder.socket, {"POST /admin/models/lamp/pin": status("lamp", pinned=True)}):
        result = invoke(models_folder, pin, "lamp")

    assert result.output.startswith("Loaded and pinned lamp in 1.3 s.")


@pytest.mark.parametrize(("command", "action"), [(load, "load"), (pin, "pin"), (unload, "unload")])
def test_an_action_can_print_the_state_as_json(
    models_folder: ModelsFolder, command: click.Command, action: str
) -> None:
    with prepared_runtime(models_folder.socket, {f"POST /admin/models/lamp/{action}": status("lamp")}):
        result = invoke(models_folder, command, "lamp", "--json")

    assert status("lamp") == json.loads(result.output)


@pytest.mark.parametrize("command", [load, unload, pin])
def test_an_unknown_model_is_reported_without_a_runtime(models_folder: ModelsFolder, command: click.Command) -> None:
    with pytest.raises(ModelUnknown, match="There is no model 'oil'"):
        invoke(models_folder, command, "oil")


def test_the_refusal_of_a_runtime_is_passed_on(models_folder: ModelsFolder) -> None:
    refusal = DoesNotFit("lamp needs 9 GiB of memory.")

    with (
        prepared_runtime(models_folder.socket, {"POST /admin/models/lamp/load": refusal}),
        pytest.raises(ModelUnavailable, match="lamp needs 9 GiB of memory"),
    ):
        invoke(models_folder, load, "lamp")


def test_a_model_cannot_be_loaded_while_another_program_has_to_start_the_runtime(models_folder: ModelsFolder) -> None:
    with pytest.raises(ModelUnavailable, match="The model runtime is not running"):
        invoke(models_folder, load, "lamp")


def test_unloading_frees_the_memory_of_a_loaded_model(models_folder: ModelsFolder) -> None:
    answers = {"POST /admin/models/lamp/unload": status("lamp", state="available")}
    with prepared_runtime(models_folder.socket, answers):
        assert "Unloaded lamp.\n" == invoke(models_folder, unload, "lamp").output


def test_without_a_runtime_there_is_nothing_to_unload(models_folder: ModelsFolder) -> None:
    result = invoke(models_folder, unload, "lamp")

    assert "The runtime is not running, so no model is loaded.\n" == result.output


def test_a_model_is_unpinned_without_a_runtime(models_folder: ModelsFolder) -> None:
    models_folder.catalogue.set_pinned("lamp", pinned=True)
    models_folder.catalogue.set_pinned("small lamp", pinned=True)

    assert "Unpinned lamp.\n" == invoke(models_folder, pin, "lamp", "--off").output
    assert {"small lamp"} == models_folder.catalogue.pinned()


def test_a_running_runtime_unpins_the_model_itself(models_folder: ModelsFolder) -> None:
    answers = {"POST /admin/models/small%20lamp/unpin": status("small lamp")}
    with prepared_runtime(models_folder.socket, answers) as runtime:
        result = invoke(models_folder, pin, "small lamp", "--off")

    assert "Unpinned small lamp.\n" == result.output
    assert list(answers) == runtime.requests
