"""What a machine has, as structs. Sizes are bytes."""

import msgspec


class GpuProcess(msgspec.Struct, frozen=True, kw_only=True):
    """`used` is 0 where the driver does not say."""

    pid: int
    used: int


class Gpu(msgspec.Struct, frozen=True, kw_only=True):
    """One GPU, or one MIG instance of one. `problem` is a sentence where it cannot be used."""

    index: int
    uuid: str
    name: str
    total: int = 0
    free: int = 0
    compute_capability: str = ""
    temperature_c: int | None = None
    processes: list[GpuProcess] = []
    mig: bool = False
    problem: str = ""


class GpuReport(msgspec.Struct, frozen=True, kw_only=True):
    """The NVIDIA GPUs. `finding` says in a sentence what was found, above all where there are none.

    `unsure` reports are of a look that failed: the next may find more.
    """

    gpus: list[Gpu] = []
    driver: str = ""
    finding: str = ""
    unsure: bool = False


class Processor(msgspec.Struct, frozen=True, kw_only=True):
    """`cores` are those this process may use; `features` the vector instructions that model libraries use."""

    name: str
    cores: int
    features: list[str]


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    total: int
    available: int


class Library(msgspec.Struct, frozen=True, kw_only=True):
    """A library that runs models. `gpu` is true where it can use one here; `finding` says why or why not."""

    name: str
    version: str = ""
    gpu: bool = False
    finding: str = ""


class MachineResources(msgspec.Struct, frozen=True, kw_only=True):
    processor: Processor
    memory: Memory
    gpu: GpuReport = GpuReport()
    libraries: list[Library] = []
