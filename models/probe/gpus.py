"""Probe NVIDIA GPUs with NVML. A problem with a driver or a GPU is reported as a sentence, never raised as an exception.

NVML is described at https://docs.nvidia.com/deploy/nvml-api/. Its Python binding is `nvidia-ml-py`, the module `pynvml`.
"""

import contextlib
import importlib
from typing import Any

from models.probe.devices import Gpu, GpuProcess, GpuReport


def read_gpus(nvml: Any = None) -> GpuReport:
    """Return every GPU with its current memory. For a GPU in MIG mode return its instances instead."""
    nvml = nvml or importlib.import_module("pynvml")
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        return GpuReport(finding=_init_finding(nvml, error))
    try:
        return _read_all(nvml)
    except nvml.NVMLError as error:
        return GpuReport(finding=f"The NVIDIA driver reports an error: {_text(error)}.", unsure=True)
    finally:
        with contextlib.suppress(nvml.NVMLError):
            nvml.nvmlShutdown()


def _init_finding(nvml: Any, error: Exception) -> str:
    code = getattr(error, "value", None)
    if code == nvml.NVML_ERROR_LIBRARY_NOT_FOUND:
        return "No NVIDIA driver is installed."
    if code == nvml.NVML_ERROR_DRIVER_NOT_LOADED:
        return "The NVIDIA driver is installed but not loaded. Restart the machine, or check `dmesg`."
    if code == nvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH:
        return "The NVIDIA driver and its library have different versions, as after an update. Restart the machine."
    if code == nvml.NVML_ERROR_NO_PERMISSION:
        return "This user may not use the NVIDIA GPU. Add the user to the group that owns /dev/nvidia0."
    return f"The NVIDIA driver cannot be used: {_text(error)}."


def _read_all(nvml: Any) -> GpuReport:
    driver = _text(nvml.nvmlSystemGetDriverVersion())
    gpus: list[Gpu] = []
    for index in range(nvml.nvmlDeviceGetCount()):
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            gpus += _instances(nvml, handle, index) or [_read_one(nvml, handle, index)]
        except nvml.NVMLError as error:
            gpus.append(Gpu(index=index, uuid="", name=f"GPU {index}", problem=_lost(nvml, error)))
    if not gpus:
        return GpuReport(driver=driver, finding="The NVIDIA driver is loaded, but there is no GPU.")
    usable = sum(not gpu.problem for gpu in gpus)
    return GpuReport(gpus=gpus, driver=driver, finding=f"{usable} of {len(gpus)} GPUs can be used.")


def _lost(nvml: Any, error: Exception) -> str:
    if getattr(error, "value", None) == nvml.NVML_ERROR_GPU_IS_LOST:
        return "The connection to the GPU is lost. Restart the machine, and check the GPU's power and slot."
    return f"The GPU cannot be read: {_text(error)}."


def _read_one(nvml: Any, handle: Any, index: int) -> Gpu:
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    major, minor = _query(nvml, (0, 0), nvml.nvmlDeviceGetCudaComputeCapability, handle)
    return Gpu(
        index=index,
        uuid=_text(nvml.nvmlDeviceGetUUID(handle)),
        name=_text(nvml.nvmlDeviceGetName(handle)),
        total=int(memory.total),
        free=int(memory.free),
        compute_capability=f"{major}.{minor}" if major else "",
        temperature_c=_query(nvml, None, nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
        processes=_processes(nvml, handle),
    )


def _instances(nvml: Any, handle: Any, index: int) -> list[Gpu]:
    """Return the MIG instances of a GPU; an empty list if the GPU is not in MIG mode."""
    current, _pending = _query(nvml, (0, 0), nvml.nvmlDeviceGetMigMode, handle)
    if current != nvml.NVML_DEVICE_MIG_ENABLE:
        return []
    parent = _text(nvml.nvmlDeviceGetName(handle))
    instances: list[Gpu] = []
    for number in range(_query(nvml, 0, nvml.nvmlDeviceGetMaxMigDeviceCount, handle)):
        try:
            instance = nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, number)
            memory = nvml.nvmlDeviceGetMemoryInfo(instance)
        except nvml.NVMLError:
            continue  # NVML's count includes slots without an instance
        instances.append(
            Gpu(
                index=index,
                uuid=_text(nvml.nvmlDeviceGetUUID(instance)),
                name=f"{parent}, MIG instance {number}",
                total=int(memory.total),
                free=int(memory.free),
                mig=True,
                processes=_processes(nvml, instance),
            )
        )
    if not instances:
        problem = (
            "The GPU is in MIG mode without an instance. "
            "Create an instance with `nvidia-smi mig -cgi`, or turn off MIG mode."
        )
        instances = [Gpu(index=index, uuid=_text(nvml.nvmlDeviceGetUUID(handle)), name=parent, problem=problem)]
    return instances


def _processes(nvml: Any, handle: Any) -> list[GpuProcess]:
    running = _query(nvml, [], nvml.nvmlDeviceGetComputeRunningProcesses, handle)
    return [GpuProcess(pid=int(process.pid), used=int(process.usedGpuMemory or 0)) for process in running]


def _query(nvml: Any, default: Any, call: Any, *arguments: Any) -> Any:
    """Return the result of an NVML call; `default` if this GPU or driver does not support the call."""
    try:
        return call(*arguments)
    except nvml.NVMLError as error:
        if getattr(error, "value", None) == nvml.NVML_ERROR_GPU_IS_LOST:
            raise
        return default


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
