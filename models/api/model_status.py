"""The state of the runtime: its models, with predicted and measured memory, and its queues."""

import time

import msgspec

from models.memory.plan import LoadPlan
from models.runtime.model_runtime import ModelRuntime
from models.runtime.models_in_memory import LoadedModel


class ModelStatus(msgspec.Struct, kw_only=True):
    """`state` is "available", "loading" or "loaded". `predicted_bytes` and `used_bytes` include main and GPU memory."""

    id: str
    role: str
    backend: str
    size: int
    licence: str
    source: str
    state: str
    pinned: bool
    in_use: int = 0
    idle_s: float = 0.0
    load_s: float = 0.0
    predicted_bytes: int = 0
    used_bytes: int = 0
    pid: int = 0
    plan: LoadPlan | None = None


class ModelStatuses(msgspec.Struct, kw_only=True):
    models: list[ModelStatus]


class DeviceStatus(msgspec.Struct, kw_only=True):
    """`waiting` has the number of waiting requests per lane. `largest_pass` is the most requests in one pass so far."""

    name: str
    capacity: int
    waiting: dict[str, int]
    largest_pass: int


def model_statuses(runtime: ModelRuntime) -> list[ModelStatus]:
    """Return the status of every model in the catalogue, whether it is loaded or not."""
    loaded_models = {loaded.model.id: loaded for loaded in runtime.residency.loaded_models()}
    statuses = []
    for model in runtime.catalogue.models():
        status = ModelStatus(
            id=model.id,
            role=model.role.value,
            backend=model.backend,
            size=model.size,
            licence=model.licence,
            source=model.source,
            pinned=runtime.residency.is_pinned(model),
            state="loading" if runtime.residency.is_loading(model.id) else "available",
        )
        loaded = loaded_models.get(model.id)
        in_use = runtime.residency.users_of(model.id)
        statuses.append(_status_of_loaded(status, loaded, in_use) if loaded else status)
    return statuses


def _status_of_loaded(status: ModelStatus, loaded: LoadedModel, in_use: int) -> ModelStatus:
    properties, need = loaded.child.loaded, loaded.plan.need
    return msgspec.structs.replace(
        status,
        state="loaded",
        in_use=in_use,
        load_s=properties.load_s,
        pid=loaded.child.pid,
        plan=loaded.plan,
        idle_s=0.0 if in_use else time.time() - loaded.last_used,
        predicted_bytes=need.ram + sum(need.gpus.values()),
        used_bytes=properties.used_bytes + sum(loaded.gpu_bytes.values()),
    )


def device_statuses(runtime: ModelRuntime) -> list[DeviceStatus]:
    return [
        DeviceStatus(
            name=device.name,
            capacity=device.capacity,
            largest_pass=device.passes.largest_pass,
            waiting={lane.value: count for lane, count in device.waiting().items()},
        )
        for device in runtime.devices.values()
    ]
