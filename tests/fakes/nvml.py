"""SIMULATED: NVIDIA's library with the interface of `pynvml`, with simulated GPUs. Errors and constants are real."""

from types import SimpleNamespace
from typing import Any

import pynvml

GIB = 2**30


class SimulatedGpu:
    """One GPU. If `instances` is set, the GPU is in MIG mode. `instances` has the bytes of each MIG instance."""

    def __init__(self, name: str, total: int, *, free: int | None = None, instances: list[int] | None = None) -> None:
        self.name, self.total, self.free = name, total, total if free is None else free
        self.instances = instances
        self.lost = False


class SimulatedNvml:
    """The functions of the library that the runtime calls. `init_error` is the error code of the initialisation."""

    def __init__(self, *gpus: SimulatedGpu, init_error: int | None = None) -> None:
        self.gpus, self.init_error = list(gpus), init_error
        self.open = 0

    def __getattr__(self, name: str) -> Any:
        # Constants and exceptions are those of the real library.
        if name.startswith("NVML"):
            return getattr(pynvml, name)
        raise AttributeError(name)

    def nvmlInit(self) -> None:
        if self.init_error is not None:
            raise pynvml.NVMLError(self.init_error)
        self.open += 1

    def nvmlShutdown(self) -> None:
        self.open -= 1

    def nvmlSystemGetDriverVersion(self) -> str:
        return "550.90.07"

    def nvmlDeviceGetCount(self) -> int:
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> SimulatedGpu:
        return self._present(self.gpus[index])

    def nvmlDeviceGetName(self, gpu: SimulatedGpu) -> bytes:
        return self._present(gpu).name.encode()

    def nvmlDeviceGetUUID(self, gpu: SimulatedGpu) -> str:
        return f"GPU-{self._present(gpu).name}"

    def nvmlDeviceGetMemoryInfo(self, gpu: SimulatedGpu) -> SimpleNamespace:
        self._present(gpu)
        return SimpleNamespace(total=gpu.total, free=gpu.free, used=gpu.total - gpu.free)

    def nvmlDeviceGetCudaComputeCapability(self, gpu: SimulatedGpu) -> tuple[int, int]:
        self._present(gpu)
        return 8, 9

    def nvmlDeviceGetTemperature(self, gpu: SimulatedGpu, _sensor: int) -> int:
        self._present(gpu)
        return 41

    def nvmlDeviceGetComputeRunningProcesses(self, gpu: SimulatedGpu) -> list[SimpleNamespace]:
        self._present(gpu)
        return [SimpleNamespace(pid=4711, usedGpuMemory=None)]

    def nvmlDeviceGetMigMode(self, gpu: SimulatedGpu) -> tuple[int, int]:
        if self._present(gpu).instances is None:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return pynvml.NVML_DEVICE_MIG_ENABLE, pynvml.NVML_DEVICE_MIG_ENABLE

    def nvmlDeviceGetMaxMigDeviceCount(self, _gpu: SimulatedGpu) -> int:
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, gpu: SimulatedGpu, index: int) -> SimulatedGpu:
        instances = gpu.instances or []
        if index >= len(instances):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return SimulatedGpu(f"{gpu.name}-{index}", instances[index])

    def _present(self, gpu: SimulatedGpu) -> SimulatedGpu:
        if gpu.lost:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        return gpu
