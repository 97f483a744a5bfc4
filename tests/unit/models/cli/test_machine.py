"""`models probe`, `models plan` and `models recommend`: what they say about the machine and about models on it."""

from collections.abc import Callable
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner, Result
from fakes.nvml import GIB
from fakes.prepared_runtime import prepared_runtime
from fakes.python_program import replace_python, replace_python_by_output
from fakes.registered_models import register_model

from models.cli.context import ModelsFolder
from models.cli.machine import plan, probe, recommend
from models.errors import DoesNotFit, ModelUnavailable, ModelUnknown, RequestInvalid
from models.formats.facts import Facts, Layers
from models.memory.plan import Budget, LoadPlan, Need
from models.memory.recommendation import Recommendation
from models.probe.devices import Gpu, GpuProcess, GpuReport, Library, MachineResources
from models.probe.probe import Findings

MIB = 2**20
NO_GPU = Findings(gpu=GpuReport(finding="No NVIDIA driver is installed."))
LARGE_GPU = Gpu(index=0, uuid="GPU-1", name="RTX 4090", total=24 * GIB, free=23 * GIB)
# The facts of a model of about 1 KiB.
SMALL = Facts(
    role="chat",
    backend="llama_cpp",
    weights=736,
    layers=Layers(
        blocks=[256, 256],
        kv_per_token=[16, 16],
        output=128,
        embedding=96,
        width=8,
        feed_forward=32,
        vocabulary=3,
        heads=2,
        trained_context=512,
    ),
)
ON_TWO_GPUS = LoadPlan(
    model="small lamp & oil",
    device="gpu0+gpu1",
    need=Need(ram=GIB, gpus={0: 5 * GIB, 1: 2 * GIB}, weights=7 * GIB, kv_cache=512 * MIB, process=100 * MIB),
    budget=Budget(ram=8 * GIB, gpus={0: 6 * GIB, 1: 3 * GIB}),
    reasons=["The two GPUs share its layers.", "The context is shorter than the trained one."],
    context=8192,
    threads=6,
)

Replace = Callable[[Findings], None]


class Recommendations(msgspec.Struct):
    models: list[Recommendation]


@pytest.fixture
def models_folder(tmp_path: Path) -> ModelsFolder:
    return ModelsFolder(tmp_path / "models", tmp_path / "models.sock")


@pytest.fixture
def findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Replace:
    """Set the GPUs and libraries that the probe finds."""
    return lambda findings: replace_python_by_output(tmp_path, monkeypatch, findings)


def invoke(command: click.Command, *arguments: str, models_folder: ModelsFolder | None = None) -> Result:
    wide = {"COLUMNS": "300"}
    return CliRunner(env=wide).invoke(command, arguments, obj=models_folder, catch_exceptions=False)


def lines(result: Result) -> list[str]:
    """The lines of the output, with one space between two words."""
    return [" ".join(line.split()) for line in result.output.splitlines()]


def test_a_probe_lists_each_gpu_with_its_memory_and_its_problem(findings: Replace) -> None:
    gpus = [
        Gpu(
            index=0,
            uuid="GPU-1",
            name="RTX 4060",
            total=8 * GIB,
            free=7 * GIB,
            compute_capability="8.9",
            temperature_c=41,
            processes=[GpuProcess(pid=4711, used=0), GpuProcess(pid=4712, used=0)],
        ),
        Gpu(index=1, uuid="", name="GPU 1", problem="The connection to the GPU is lost."),
        Gpu(index=2, uuid="GPU-3", name="A100, MIG instance 0", total=10 * GIB, free=10 * GIB, mig=True),
    ]
    findings(Findings(gpu=GpuReport(gpus=gpus, driver="550.90.07", finding="2 of 3 GPUs can be used.")))
    output = lines(invoke(probe))

    assert "GPUs 2 of 3 GPUs can be used. Driver 550.90.07." in output
    assert "0: RTX 4060, 7.0 GiB free of 8.0 GiB, compute capability 8.9, 41 °C, used by 4711, 4712" in output
    assert "GPU 1: The connection to the GPU is lost." in output
    assert "2: A100, MIG instance 0, 10.0 GiB free of 10.0 GiB" in output


def test_a_probe_lists_the_processor_the_memory_and_the_libraries(findings: Replace) -> None:
    libraries = [
        Library(name="torch", version="2.9.1", finding="built for CUDA 12.8."),
        Library(name="ctransformers", finding="Not installed; the extra `legacy` installs it."),
    ]
    findings(Findings(gpu=NO_GPU.gpu, libraries=libraries))
    output = lines(invoke(probe))

    assert "GPUs No NVIDIA driver is installed." in output
    assert "torch 2.9.1 built for CUDA 12.8." in output
    assert "ctransformers Not installed; the extra `legacy` installs it." in output
    assert any(line.startswith("Processor ") and " cores; " in line for line in output)
    assert any(line.startswith("Memory ") and " free of " in line for line in output)


def test_a_probe_that_fails_is_reported_beside_the_other_hardware(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_python(tmp_path, monkeypatch, "echo 'no such library' >&2; exit 1")
    result = invoke(probe)

    assert 0 == result.exit_code
    assert any(line.startswith("Memory ") for line in lines(result))
    assert "The GPUs could not be probed: models.probe ended with status 1: no such library" in result.output


def test_a_probe_can_be_printed_as_json(findings: Replace) -> None:
    found = Findings(gpu=GpuReport(gpus=[LARGE_GPU]), libraries=[Library(name="torch", gpu=True)])
    findings(found)
    machine = msgspec.json.decode(invoke(probe, "--json").output, type=MachineResources)

    assert (found.gpu, found.libraries) == (machine.gpu, machine.libraries)
    assert 0 < machine.memory.available <= machine.memory.total


def test_the_plan_of_a_running_runtime_has_sizes_limits_and_reasons(models_folder: ModelsFolder) -> None:
    answers = {"GET /admin/plan?model=small+lamp+%26+oil": ON_TWO_GPUS}
    with prepared_runtime(models_folder.socket, answers):
        result = invoke(plan, "small lamp & oil", models_folder=models_folder)

    assert [
        "small lamp & oil on gpu0+gpu1, 6 threads, context 8,192",
        "weights 7.0 GiB, KV cache 512 MiB, process 100 MiB",
        "1.0 GiB of memory; the limit is 8.0 GiB",
        "5.0 GiB of GPU 0; the limit is 6.0 GiB",
        "2.0 GiB of GPU 1; the limit is 3.0 GiB",
        "The two GPUs share its layers.",
        "The context is shorter than the trained one.",
    ] == lines(result)


def test_the_plan_of_a_model_without_a_context_names_none(models_folder: ModelsFolder) -> None:
    embedder = LoadPlan(
        model="embedder", device="cpu", need=Need(ram=GIB, weights=GIB), budget=Budget(ram=2 * GIB), reasons=[]
    )
    with prepared_runtime(models_folder.socket, {"GET /admin/plan?model=embedder": embedder}):
        result = invoke(plan, "embedder", models_folder=models_folder)

    assert ["embedder on cpu, 1 threads", "weights 1.0 GiB", "1.0 GiB of memory; the limit is 2.0 GiB"] == lines(result)


def test_a_plan_can_be_printed_as_json(models_folder: ModelsFolder) -> None:
    with prepared_runtime(models_folder.socket, {"GET /admin/plan?model=lamp": ON_TWO_GPUS}):
        result = invoke(plan, "lamp", "--json", models_folder=models_folder)

    assert ON_TWO_GPUS == msgspec.json.decode(result.output, type=LoadPlan)


def test_a_plan_is_made_without_a_runtime(models_folder: ModelsFolder, findings: Replace) -> None:
    findings(NO_GPU)
    register_model(models_folder.folder, "lamp", facts=SMALL)
    result = invoke(plan, "lamp", models_folder=models_folder)

    assert lines(result)[0].startswith("lamp on cpu, ")
    assert lines(result)[0].endswith(", context 512")
    assert not models_folder.socket.exists()


def test_a_model_that_does_not_fit_has_no_plan(models_folder: ModelsFolder, findings: Replace) -> None:
    findings(NO_GPU)
    huge = msgspec.structs.replace(SMALL, weights=2**60, layers=None)
    register_model(models_folder.folder, "lamp", facts=huge)

    with pytest.raises(DoesNotFit, match="lamp needs"):
        invoke(plan, "lamp", models_folder=models_folder)


def test_the_refusal_of_a_running_runtime_is_passed_on(models_folder: ModelsFolder) -> None:
    answers = {"GET /admin/plan?model=lamp": DoesNotFit("lamp needs 9 GiB.")}
    with prepared_runtime(models_folder.socket, answers), pytest.raises(ModelUnavailable, match="lamp needs 9 GiB"):
        invoke(plan, "lamp", models_folder=models_folder)


def test_an_unknown_model_has_no_plan(models_folder: ModelsFolder) -> None:
    with pytest.raises(ModelUnknown, match="There is no model 'lamp'"):
        invoke(plan, "lamp", models_folder=models_folder)


def test_the_largest_model_that_is_quick_on_a_gpu_is_recommended(
    models_folder: ModelsFolder, findings: Replace
) -> None:
    library = Library(name="llama-cpp-python", gpu=True)
    findings(Findings(gpu=GpuReport(gpus=[LARGE_GPU]), libraries=[library]))
    result = invoke(recommend, models_folder=models_folder)
    rows = [line for line in lines(result) if " on gpu0 " in line]

    assert 8 == len(rows)
    assert ["→ qwen2.5-14b"] == [" ".join(line.split()[:2]) for line in rows if line.startswith("→")]
    assert "`lampstand models download qwen2.5-14b` downloads 8.4 GiB from https://" in result.output
    assert "`lampstand models add FILE`" in result.output


def test_a_gpu_that_the_library_cannot_use_is_not_used(models_folder: ModelsFolder, findings: Replace) -> None:
    library = Library(name="llama-cpp-python", gpu=False)
    findings(Findings(gpu=GpuReport(gpus=[LARGE_GPU]), libraries=[library]))

    assert " on gpu0 " not in " ".join(lines(invoke(recommend, models_folder=models_folder)))


def test_without_enough_memory_no_model_is_recommended(models_folder: ModelsFolder, findings: Replace) -> None:
    findings(NO_GPU)
    models_folder.folder.mkdir()
    (models_folder.folder / "runtime.toml").write_text("memory_share = 0.00001")
    result = invoke(recommend, models_folder=models_folder)

    assert 8 == sum("does not fit" in line for line in lines(result))
    assert "No model fits into the free memory. Without a chat model, answers quote passages." in result.output
    assert "lampstand models download" not in result.output


def test_recommendations_can_be_printed_as_json(models_folder: ModelsFolder, findings: Replace) -> None:
    findings(NO_GPU)
    output = invoke(recommend, "--json", models_folder=models_folder).output
    models = msgspec.json.decode(output, type=Recommendations).models

    assert 8 == len(models)
    assert sum(recommendation.best for recommendation in models) <= 1
    assert all(recommendation.why for recommendation in models)


def test_an_error_in_the_settings_is_reported_with_the_file(models_folder: ModelsFolder) -> None:
    models_folder.folder.mkdir()
    (models_folder.folder / "runtime.toml").write_text("memory_share = 2")

    with pytest.raises(RequestInvalid, match=r"runtime\.toml cannot be used"):
        invoke(recommend, models_folder=models_folder)
