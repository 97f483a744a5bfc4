"""Structs for the resources of a machine. Sizes are in bytes."""

import msgspec


class GpuProcess(msgspec.Struct, frozen=True, kw_only=True):
    """A process on a GPU. `used` is 0 if the driver does not report it."""

    pid: int
    used: int


class Gpu(msgspec.Struct, frozen=True, kw_only=True):
    """A GPU, or a MIG instance of a GPU. If it cannot be used, `problem` is a sentence with the reason, else empty."""

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
    """The NVIDIA GPUs. `finding` is a sentence about the result. If there is no GPU, `finding` gives the reason.

    `unsure` is true if the probe failed. Then the next probe may find more GPUs.
    """

    gpus: list[Gpu] = []
    driver: str = ""
    finding: str = ""
    unsure: bool = False


class Processor(msgspec.Struct, frozen=True, kw_only=True):
    """`cores` is the number of cores that this process may use. `features` are the vector instructions for models."""

    name: str
    cores: int
    features: list[str]


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    total: int
    available: int


class Library(msgspec.Struct, frozen=True, kw_only=True):
    """A library that runs models. `gpu` is true if it can use a GPU of this machine; `finding` explains the result."""

    name: str
    version: str = ""
    gpu: bool = False
    finding: str = ""


class MachineResources(msgspec.Struct, frozen=True, kw_only=True):
    processor: Processor
    memory: Memory
    gpu: GpuReport = GpuReport()
    libraries: list[Library] = []
