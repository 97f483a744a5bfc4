"""Load a model: reserve memory for its plan, start its process, and measure the used memory."""

from collections.abc import Mapping
from pathlib import Path

import structlog

from models.backends import LoadOptions
from models.catalogue.catalogue import Catalogue
from models.catalogue.embedding_graph import ensure_export
from models.catalogue.model import Model, ModelRole
from models.child.process import ChildProcess
from models.errors import ModelCrashed, ModelUnavailable
from models.formats.facts import Facts
from models.memory.machine_state import MachineState
from models.memory.plan import LoadPlan, PlacedModel
from models.offline import cache_variables
from models.runtime.generation_threads import ThreadMeasurements
from models.runtime.models_in_memory import LoadedModel
from models.runtime.reservation import MemoryReservations
from models.settings import RuntimeSettings

MIB = 2**20
# The memory limit of a process is its planned memory, multiplied by `LIMIT_FACTOR`, plus `LIMIT_MARGIN` bytes.
LIMIT_FACTOR, LIMIT_MARGIN = 1.5, 2**30
# If a model cannot be loaded on a GPU, it is tried once more with this share of the GPUs' budget.
SMALLER_GPU_SHARE = 0.75
# Niceness: a process with a lower number has priority. The web server has 0. Workers and their programs have 15. People
# read an answer while it is generated, so it has priority over passes over texts. Most of these passes are for an index.
CHAT_NICENESS, OTHER_NICENESS = 5, 10

_log = structlog.get_logger()


class ModelLoader:
    """Loads models of one catalogue, each in a separate process."""

    def __init__(
        self,
        catalogue: Catalogue,
        settings: RuntimeSettings,
        machine: MachineState,
        reservations: MemoryReservations,
        backends: Mapping[str, str],
    ) -> None:
        self._catalogue, self._settings, self._backends = catalogue, settings, backends
        self._machine, self._reservations = machine, reservations
        self._thread_measurements = ThreadMeasurements(catalogue.folder, fixed=settings.generation_threads)

    async def load(self, model: Model) -> LoadedModel:
        """Load a model as soon as it fits. Raises ModelError."""
        facts = await self._catalogue.facts_of(model)
        path = await ensure_export(model, self._catalogue.folder) if model.backend == "onnx" else Path(model.path)
        try:
            return await self._load(model, facts, path, gpu_share=1.0)
        except ModelCrashed:
            _log.warning("loading failed; trying once more", model=model.id)
            return await self._load(model, facts, path, gpu_share=SMALLER_GPU_SHARE)

    async def _load(self, model: Model, facts: Facts, path: Path, *, gpu_share: float) -> LoadedModel:
        plan = await self._reservations.reserve(model, facts, gpu_share=gpu_share)
        free_before = self._machine.free_gpu_bytes()
        try:
            child = await self._start(model, plan, path)
        except ModelUnavailable as error:
            if plan.gpu_indices:
                # The most likely reason is too little GPU memory. A smaller plan may fit.
                raise ModelCrashed(error.message) from error
            raise
        finally:
            self._reservations.release(model)
        if child.loaded.thread_rates:
            self._thread_measurements.store(model, self._machine.resources.processor, child.loaded.thread_rates)
        gpu_bytes = await self._machine.gpu_bytes_taken_since(free_before) if plan.gpu_indices else {}
        return LoadedModel(PlacedModel(model=model, plan=plan), child, gpu_bytes)

    async def _start(self, model: Model, plan: LoadPlan, path: Path) -> ChildProcess:
        _log.info("loading", model=model.id, device=plan.device, context=plan.context)
        return await ChildProcess.start(
            model.id,
            self._backends[model.backend],
            self._options(model, plan, path),
            load_timeout_s=self._settings.load_timeout_s,
            hang_timeout_s=self._settings.hang_timeout_s,
            environment={**cache_variables(self._catalogue.folder), **self._machine.gpu_environment(plan)},
        )

    def _options(self, model: Model, plan: LoadPlan, path: Path) -> LoadOptions:
        is_chat = model.role is ModelRole.CHAT
        threads = self._thread_measurements.choose(
            model, self._machine.resources.processor, on_gpu=bool(plan.gpu_indices)
        )
        return LoadOptions(
            path=str(path),
            threads=plan.threads,
            generation_threads=threads.threads if is_chat else 0,
            thread_candidates=threads.candidates if is_chat else (),
            niceness=CHAT_NICENESS if is_chat else OTHER_NICENESS,
            family=model.family,
            context=plan.context,
            gpu_layers=plan.gpu_layers,
            cache_type=plan.cache_type,
            prefix_bytes=plan.prefix_bytes,
            memory_limit=memory_limit(plan, self._settings),
        )


def memory_limit(plan: LoadPlan, settings: RuntimeSettings) -> int:
    """Return the memory limit of a model's process in bytes. It comes from the settings, or else from the model's plan.

    0 means no limit. A plan that uses a GPU has no limit, unless the settings have a limit.
    """
    if settings.child_memory_mib or plan.gpu_indices:
        return settings.child_memory_mib * MIB
    return int(plan.need.ram * LIMIT_FACTOR) + plan.prefix_bytes + LIMIT_MARGIN
