"""Reports about NVIDIA GPUs: with the real library without a driver, and with a simulated library."""

import pynvml
import pytest
from fakes.nvml import GIB, SimulatedGpu, SimulatedNvml

from models.memory.budget import budget_of, usable_gpus
from models.probe.devices import GpuReport, MachineResources, Memory, Processor
from models.probe.gpus import read_gpus
from models.settings import RuntimeSettings


def machine(report: GpuReport) -> MachineResources:
    return MachineResources(
        processor=Processor(name="cpu", cores=4, features=[]),
        memory=Memory(total=16 * GIB, available=10 * GIB),
        gpu=report,
    )


def test_the_real_library_raises_no_error_on_this_machine() -> None:
    report = read_gpus()

    assert report.finding
    assert report.gpus or report.finding.endswith(".")


def test_one_gpu_is_described() -> None:
    nvml = SimulatedNvml(SimulatedGpu("RTX 4060", 8 * GIB, free=7 * GIB))
    report = read_gpus(nvml)
    (gpu,) = report.gpus

    assert ("RTX 4060", 8 * GIB, 7 * GIB, "8.9", 41) == (
        gpu.name,
        gpu.total,
        gpu.free,
        gpu.compute_capability,
        gpu.temperature_c,
    )
    assert [4711] == [process.pid for process in gpu.processes]
    assert "550.90.07" == report.driver
    assert 0 == nvml.open


def test_two_unequal_gpus_have_separate_budgets() -> None:
    report = read_gpus(SimulatedNvml(SimulatedGpu("small", 4 * GIB), SimulatedGpu("large", 24 * GIB)))
    budget = budget_of(machine(report), RuntimeSettings())

    assert 3 * GIB < budget.gpus[0] < 4 * GIB
    assert 21 * GIB < budget.gpus[1] < 24 * GIB
    assert 8 * GIB == budget.ram


def test_plans_use_the_largest_mig_instance() -> None:
    report = read_gpus(SimulatedNvml(SimulatedGpu("A100", 80 * GIB, instances=[10 * GIB, 40 * GIB, 10 * GIB])))

    assert [10 * GIB, 40 * GIB, 10 * GIB] == [gpu.total for gpu in report.gpus]
    assert all(gpu.mig for gpu in report.gpus)
    assert [40 * GIB] == [gpu.total for gpu in usable_gpus(machine(report))]


def test_mig_mode_without_an_instance_has_a_remedy() -> None:
    (gpu,) = read_gpus(SimulatedNvml(SimulatedGpu("A100", 80 * GIB, instances=[]))).gpus

    assert "nvidia-smi mig" in gpu.problem
    assert [] == usable_gpus(machine(GpuReport(gpus=[gpu])))


def test_a_gpu_that_is_lost_between_two_calls_is_reported_and_the_other_is_usable() -> None:
    nvml = SimulatedNvml(SimulatedGpu("one", 8 * GIB), SimulatedGpu("two", 8 * GIB))
    assert not [gpu for gpu in read_gpus(nvml).gpus if gpu.problem]
    nvml.gpus[0].lost = True
    report = read_gpus(nvml)

    assert "lost" in report.gpus[0].problem
    assert ["two"] == [gpu.name for gpu in usable_gpus(machine(report))]
    assert "1 of 2 GPUs can be used." == report.finding


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH, "different versions"),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, "not loaded"),
        (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, "No NVIDIA driver is installed"),
        (pynvml.NVML_ERROR_NO_PERMISSION, "may not use"),
        (pynvml.NVML_ERROR_UNKNOWN, "cannot be used"),
    ],
)
def test_a_driver_error_becomes_a_sentence(code: int, message: str) -> None:
    report = read_gpus(SimulatedNvml(init_error=code))

    assert message in report.finding
    assert [] == report.gpus
