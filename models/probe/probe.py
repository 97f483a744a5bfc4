"""Probe the machine. Drivers and libraries may crash, so they are probed in a separate process."""

import msgspec

from models.errors import ModelError
from models.probe.devices import GpuReport, Library, MachineResources
from models.probe.processor import read_memory, read_processor
from models.processes import run_module

GPU_TIMEOUT_S = 15.0
LIBRARIES_TIMEOUT_S = 60.0


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """The results of the separate process."""

    gpu: GpuReport
    libraries: list[Library] = []


async def probe_machine(*, gpus: bool = True, libraries: bool = False) -> MachineResources:
    """Return the processor, the current memory, and on request the GPUs and libraries. A failed probe raises no exception."""
    if not gpus and not libraries:
        return MachineResources(processor=read_processor(), memory=read_memory())
    arguments, timeout_s = (["--libraries"], LIBRARIES_TIMEOUT_S) if libraries else ([], GPU_TIMEOUT_S)
    try:
        output = await run_module("models.probe", *arguments, timeout_s=timeout_s)
        findings = msgspec.json.decode(output, type=Findings)
    except (ModelError, msgspec.MsgspecError) as error:
        findings = Findings(gpu=GpuReport(finding=f"The GPUs could not be probed: {error}", unsure=True))
    return MachineResources(
        processor=read_processor(), memory=read_memory(), gpu=findings.gpu, libraries=findings.libraries
    )
