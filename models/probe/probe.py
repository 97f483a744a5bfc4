"""Look at the machine without risk to whoever looks: drivers and libraries are asked in another process."""

import msgspec

from models.errors import ModelError
from models.probe.devices import GpuReport, Library, MachineResources
from models.probe.processor import read_memory, read_processor
from models.processes import run_module

GPU_TIMEOUT_S = 15.0
LIBRARIES_TIMEOUT_S = 60.0


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What the other process found."""

    gpu: GpuReport
    libraries: list[Library] = []


async def probe_machine(*, gpus: bool = True, libraries: bool = False) -> MachineResources:
    """Processor and memory as they are now, GPUs and libraries as asked for; never raises for what is broken."""
    if not gpus and not libraries:
        return MachineResources(processor=read_processor(), memory=read_memory())
    arguments, timeout_s = (["--libraries"], LIBRARIES_TIMEOUT_S) if libraries else ([], GPU_TIMEOUT_S)
    try:
        output = await run_module("models.probe", *arguments, timeout_s=timeout_s)
        findings = msgspec.json.decode(output, type=Findings)
    except (ModelError, msgspec.MsgspecError) as error:
        findings = Findings(gpu=GpuReport(finding=f"The GPUs could not be looked at: {error}", unsure=True))
    return MachineResources(
        processor=read_processor(), memory=read_memory(), gpu=findings.gpu, libraries=findings.libraries
    )
