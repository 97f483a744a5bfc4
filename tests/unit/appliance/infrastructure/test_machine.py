"""The description of a machine in reports."""

import os
import platform
from pathlib import Path

import pytest

from appliance.infrastructure.machine import describe_machine

INTEL = """\
processor\t: 0
model name\t: Intel(R) Xeon(R) Processor @ 2.10GHz
flags\t\t: fpu sse2 avx2 avx512f avx512_vnni
bugs\t\t: spectre_v1

processor\t: 1
model name\t: Intel(R) Xeon(R) Processor @ 2.10GHz
flags\t\t: fpu sse2 avx2 avx512f avx512_vnni
"""
ARM = """\
processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd
"""


@pytest.fixture
def cpuinfo(tmp_path: Path) -> Path:
    return tmp_path / "cpuinfo"


def test_the_processor_has_its_name_and_the_vector_instructions_for_models(cpuinfo: Path) -> None:
    cpuinfo.write_text(INTEL)
    machine = describe_machine(cpuinfo)

    assert "Intel(R) Xeon(R) Processor @ 2.10GHz" == machine.processor
    assert ["avx2", "avx512f", "avx512_vnni"] == machine.features


def test_a_part_of_a_name_is_not_an_instruction(cpuinfo: Path) -> None:
    cpuinfo.write_text("flags\t\t: avx avx512fp16 amx_int8\n")

    assert ["amx_int8"] == describe_machine(cpuinfo).features


def test_a_processor_without_a_name_has_the_name_of_its_architecture(cpuinfo: Path) -> None:
    cpuinfo.write_text(ARM)
    machine = describe_machine(cpuinfo)

    assert (platform.machine(), []) == (machine.processor, machine.features)


def test_a_system_that_does_not_describe_its_processor_is_no_error(cpuinfo: Path) -> None:
    machine = describe_machine(cpuinfo)

    assert (platform.machine(), []) == (machine.processor, machine.features)


def test_only_the_cores_that_this_process_may_use_count() -> None:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert 1 == describe_machine().cores
    finally:
        os.sched_setaffinity(0, allowed)


def test_the_memory_and_the_system_are_those_of_this_machine() -> None:
    machine = describe_machine()

    assert machine.memory_gib > 0
    assert machine.system.endswith(f"Python {platform.python_version()}")
