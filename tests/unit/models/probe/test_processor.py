"""The processor and the memory, as the kernel and the container describe them."""

import platform
from pathlib import Path

import psutil
import pytest

from models.probe.devices import Memory
from models.probe.processor import read_memory, read_processor

INTEL = """\
processor\t: 0
model name\t: Example Processor: 2.00GHz
flags\t\t: fpu sse2 avx2 avx fma f16c avx512_vnni

processor\t: 1
model name\t: Example Processor: 2.00GHz
flags\t\t: fpu sse2 avx2 avx fma f16c avx512_vnni
"""
ARM = """\
processor\t: 0
BogoMIPS\t: 50.00
Features\t: fp asimd asimddp i8mm
"""
MIB = 2**20


def cpuinfo(folder: Path, text: str) -> Path:
    (folder / "cpuinfo").write_text(text)
    return folder / "cpuinfo"


def memory_with(folder: Path, limit: str | None, used: str | None = None) -> Memory:
    """The memory of a container whose files contain these texts. A file that is None does not exist."""
    for name, text in (("max", limit), ("current", used)):
        if text is not None:
            (folder / name).write_text(text)
    return read_memory(folder / "max", folder / "current")


def test_a_processor_has_its_name_and_the_vector_instructions_for_models(tmp_path: Path) -> None:
    processor = read_processor(cpuinfo(tmp_path, INTEL))

    assert "Example Processor: 2.00GHz" == processor.name
    assert ["avx", "f16c", "fma", "avx2", "avx512_vnni"] == processor.features


def test_an_arm_processor_without_a_name_is_named_by_its_architecture(tmp_path: Path) -> None:
    processor = read_processor(cpuinfo(tmp_path, ARM))

    assert (platform.machine(), ["asimddp", "i8mm"]) == (processor.name, processor.features)


def test_a_system_without_the_file_has_a_processor_without_features(tmp_path: Path) -> None:
    processor = read_processor(tmp_path / "missing")

    assert (platform.machine(), []) == (processor.name, processor.features)


def test_the_cores_are_those_that_this_process_may_use(tmp_path: Path) -> None:
    assert len(psutil.Process().cpu_affinity() or []) == read_processor(cpuinfo(tmp_path, ARM)).cores


def test_the_limit_of_a_container_is_its_memory(tmp_path: Path) -> None:
    assert Memory(total=64 * MIB, available=40 * MIB) == memory_with(tmp_path, f"{64 * MIB}\n", f"{24 * MIB}\n")


def test_a_container_above_its_limit_has_no_memory_left(tmp_path: Path) -> None:
    assert Memory(total=8 * MIB, available=0) == memory_with(tmp_path, f"{8 * MIB}\n", f"{9 * MIB}\n")


def test_a_limit_without_a_known_use_is_available(tmp_path: Path) -> None:
    assert Memory(total=8 * MIB, available=8 * MIB) == memory_with(tmp_path, f"{8 * MIB}\n")


@pytest.mark.parametrize("limit", [None, "max\n", "", f"{2**63 - 1}\n"])
def test_without_a_smaller_limit_the_memory_is_that_of_the_machine(tmp_path: Path, limit: str | None) -> None:
    memory = memory_with(tmp_path, limit, f"{MIB}\n")

    assert psutil.virtual_memory().total == memory.total
    assert 0 < memory.available <= memory.total
