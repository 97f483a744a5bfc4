"""`/v1/models`, `/health`, `/metrics`, and `/admin/…` for managers."""

from pathlib import Path
from typing import Annotated

import msgspec
import psutil
from litestar import delete, get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody, QueryParameter

from models.api.model_status import DeviceStatus, ModelStatus, ModelStatuses, device_statuses, model_statuses
from models.catalogue.model import Model
from models.errors import RequestInvalid
from models.memory.plan import LoadPlan
from models.messages import ModelCard, ModelList
from models.probe.devices import MachineResources
from models.runtime.model_runtime import ModelRuntime

_process = psutil.Process()
# The protocol requires an owner for each model. The model's source is not sent as the owner: it may be a local path.
OWNER = "lampstand"
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class ModelRuntimeHealth(msgspec.Struct, kw_only=True):
    """`loaded` and `queued` are counts. `memory_bytes` is the memory of the service, without the child processes."""

    status: str
    loaded: int
    queued: int
    memory_bytes: int


class Devices(msgspec.Struct, kw_only=True):
    machine: MachineResources
    queues: list[DeviceStatus]


class AddModel(msgspec.Struct, kw_only=True):
    """`path` is the path of a file or folder on the runtime's machine."""

    path: str
    name: str = ""
    family: str = ""
    licence: str = ""


@get("/health", sync_to_thread=False)
def health(state: State) -> ModelRuntimeHealth:
    runtime: ModelRuntime = state.runtime
    waiting = sum(sum(device.waiting().values()) for device in runtime.devices.values())
    return ModelRuntimeHealth(
        status="ok",
        loaded=len(runtime.residency.loaded_models()),
        queued=waiting,
        memory_bytes=_process.memory_info().rss,
    )


@get("/metrics", sync_to_thread=False, media_type=METRICS_TYPE)
def metrics(state: State) -> bytes:
    runtime: ModelRuntime = state.runtime
    gauges = runtime.metrics
    gauges.loaded_bytes.clear()
    for loaded in runtime.residency.loaded_models():
        gauges.loaded_bytes.labels(loaded.model.id).set(loaded.child.loaded.used_bytes)
    for status in device_statuses(runtime):
        for lane, count in status.waiting.items():
            gauges.queued.labels(status.name, lane).set(count)
    return gauges.text()


@get("/v1/models", sync_to_thread=False)
def list_models(state: State) -> ModelList:
    runtime: ModelRuntime = state.runtime
    return ModelList(data=[_card(runtime, model) for model in runtime.catalogue.models()])


@get("/v1/models/{name:str}", sync_to_thread=False)
def get_model(state: State, name: FromPath[str]) -> ModelCard:
    runtime: ModelRuntime = state.runtime
    return _card(runtime, runtime.catalogue.find(name))


@get("/admin/devices")
async def devices(state: State) -> Devices:
    runtime: ModelRuntime = state.runtime
    return Devices(machine=await runtime.probe(libraries=True), queues=device_statuses(runtime))


@get("/admin/plan")
async def plan(state: State, model: Annotated[str, QueryParameter(description="A model's name.")]) -> LoadPlan:
    runtime: ModelRuntime = state.runtime
    return await runtime.plan(model)


@get("/admin/models", sync_to_thread=False)
def models(state: State) -> ModelStatuses:
    return ModelStatuses(models=model_statuses(state.runtime))


@post("/admin/models", status_code=201)
async def add_model(data: JSONBody[AddModel], state: State) -> Model:
    runtime: ModelRuntime = state.runtime
    if not Path(data.path).is_absolute():
        raise RequestInvalid("`path` must be absolute. It is a path on the runtime's machine.")
    return await runtime.catalogue.add(Path(data.path), name=data.name, family=data.family, licence=data.licence)


@delete("/admin/models/{name:str}", status_code=200)
async def remove_model(state: State, name: FromPath[str]) -> Model:
    runtime: ModelRuntime = state.runtime
    runtime.catalogue.find(name)
    await runtime.residency.unload(name)
    return runtime.catalogue.remove(name)


@post("/admin/models/{name:str}/load", status_code=200)
async def load_model(state: State, name: FromPath[str]) -> ModelStatus:
    runtime: ModelRuntime = state.runtime
    await runtime.residency.load(runtime.catalogue.find(name))
    return _status(runtime, name)


@post("/admin/models/{name:str}/unload", status_code=200)
async def unload_model(state: State, name: FromPath[str]) -> ModelStatus:
    runtime: ModelRuntime = state.runtime
    runtime.catalogue.find(name)
    await runtime.residency.unload(name)
    return _status(runtime, name)


@post("/admin/models/{name:str}/pin", status_code=200)
async def pin_model(state: State, name: FromPath[str]) -> ModelStatus:
    runtime: ModelRuntime = state.runtime
    model = runtime.catalogue.find(name)
    # Load the model first, so that a model that cannot be loaded is not pinned.
    await runtime.residency.load(model)
    runtime.residency.set_pinned(name, pinned=True)
    return _status(runtime, name)


@post("/admin/models/{name:str}/unpin", status_code=200, sync_to_thread=False)
def unpin_model(state: State, name: FromPath[str]) -> ModelStatus:
    runtime: ModelRuntime = state.runtime
    runtime.catalogue.find(name)
    runtime.residency.set_pinned(name, pinned=False)
    return _status(runtime, name)


def _card(runtime: ModelRuntime, model: Model) -> ModelCard:
    return ModelCard(
        id=model.id,
        created=model.added_at,
        owned_by=OWNER,
        role=model.role.value,
        backend=model.backend,
        size=model.size,
        loaded=runtime.residency.is_loaded(model),
    )


def _status(runtime: ModelRuntime, name: str) -> ModelStatus:
    return next(status for status in model_statuses(runtime) if status.id == name)


HANDLERS = [
    health,
    metrics,
    list_models,
    get_model,
    devices,
    plan,
    models,
    add_model,
    remove_model,
    load_model,
    unload_model,
    pin_model,
    unpin_model,
]
