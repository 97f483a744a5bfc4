"""Which models are in memory: loaded when they are wanted, kept while they are of use, ended when others need the room."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from models.backends import BACKENDS, LoadOptions
from models.catalogue.catalogue import Catalogue
from models.catalogue.embedding_graph import ensure_export
from models.catalogue.model import Model, ModelRole
from models.child.frames import Loaded
from models.child.process import ChildProcess
from models.errors import DoesNotFit, ModelCrashed, ModelError, ModelUnavailable
from models.formats.facts import Facts
from models.memory.machine_state import Probe, Resident, Room
from models.memory.plan import LoadPlan, Need
from models.memory.planner import choose_plan, plan_score
from models.offline import cache_variables
from models.probe.probe import probe_machine
from models.runtime.metrics import Metrics
from models.runtime.writing_threads import ThreadMemory
from models.settings import RuntimeSettings, Strategy

MIB = 2**20
# A process may take half as much again as was planned for it, and this.
LIMIT_FACTOR, LIMIT_MARGIN = 1.5, 2**30
# After an out-of-memory on a GPU, one more attempt with this share of the budget.
SMALLER = 0.75
# A driver gives memory back some time after a process has ended.
GIVEN_BACK_SHARE, GIVEN_BACK_POLL_S, GIVEN_BACK_POLLS = 0.75, 0.25, 20
# The web server (0) goes before what computes for long. An answer that is read while it is written goes before passes over
# texts, most of which are for an index, and before workers and their programs (15).
CHAT_NICENESS, OTHER_NICENESS = 5, 10
FIRST_RESTART_S, LAST_RESTART_S = 1.0, 60.0

_log = structlog.get_logger()


class Residency:
    """The loaded models of one runtime."""

    def __init__(
        self,
        catalogue: Catalogue,
        settings: RuntimeSettings,
        *,
        probe: Probe = probe_machine,
        backends: Mapping[str, str] = BACKENDS,
        metrics: Metrics,
    ) -> None:
        self._metrics = metrics
        self._catalogue, self._settings, self._backends = catalogue, settings, backends
        self._room = Room(settings, probe)
        self._thread_memory = ThreadMemory(catalogue.folder, fixed=settings.writing_threads)
        self._residents: dict[str, Resident] = {}
        self._loading: dict[str, asyncio.Task[Resident]] = {}
        self._planning: dict[tuple[str, str], asyncio.Task[LoadPlan]] = {}
        # The models that are being loaded, with their plans.
        self._reserved: dict[str, tuple[Model, LoadPlan]] = {}
        # How many requests use a model or wait for it to be loaded for them.
        self._users: Counter[str] = Counter()
        self._deciding = asyncio.Lock()
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def residents(self) -> list[Resident]:
        """What is loaded now."""
        return list(self._residents.values())

    def is_loading(self, name: str) -> bool:
        return name in self._loading

    def is_loaded(self, model: Model) -> bool:
        """True where these very weights can be used at once."""
        resident = self._residents.get(model.id)
        return bool(resident and resident.child.alive and resident.model.sha256 == model.sha256)

    def loaded(self, model: Model) -> Loaded | None:
        """What the process of a loaded model said of itself."""
        resident = self._residents.get(model.id)
        return resident.child.loaded if resident else None

    def users_of(self, name: str) -> int:
        """How many requests use a model now, or wait for its loading."""
        return self._users[name]

    def device_of(self, model: Model) -> str | None:
        """The device that a model is loaded on, or is being loaded on."""
        if resident := self._residents.get(model.id):
            return resident.plan.device
        _, plan = self._reserved.get(model.id, (model, None))
        return plan.device if plan else None

    def is_pinned(self, model: Model) -> bool:
        """True where people or the settings want it loaded always."""
        return model.id in self._catalogue.pinned() or model.id in self._chosen(Strategy.PINNED)

    def start(self) -> None:
        """Begin to load what is wanted from the start, and to unload what is idle."""
        self._spawn(self._unload_idle())
        for name in {*self._chosen(Strategy.PINNED), *self._chosen(Strategy.EAGER), *self._catalogue.pinned()}:
            with contextlib.suppress(ModelError):
                self._spawn(self._load_quietly(self._catalogue.find(name)))

    @contextlib.asynccontextmanager
    async def use(self, model: Model) -> AsyncGenerator[ChildProcess, None]:
        """A model's process, loaded if need be; it is not evicted meanwhile. Raises ModelError."""
        # Counted from before it is loaded, so that nobody takes it away between its loading and its use.
        self._users[model.id] += 1
        try:
            yield (await self._ready(model)).child
        finally:
            self._users[model.id] -= 1
            if resident := self._residents.get(model.id):
                resident.last_used = time.time()
            if not self._users[model.id]:
                self._notify()

    async def load(self, model: Model) -> Resident:
        """Load a model now. Raises ModelError."""
        return await self._ready(model)

    async def unload(self, name: str) -> bool:
        """End a model's process, in use or not, or its loading; False where it was neither loaded nor loading."""
        if task := self._loading.get(name):
            task.cancel()
            await asyncio.wait([task])
            return True
        resident = self._residents.pop(name, None)
        if resident is None:
            return False
        await resident.child.end()
        _log.info("unloaded", model=name)
        self._notify()
        return True

    async def plan(self, model: Model) -> LoadPlan:
        """Where a model would go now if every model but the pinned made room.

        Raises DoesNotFit, ModelFileRefused; ModelUnavailable if the runtime is stopped meanwhile.
        Requests for a model that come at the same time share one look at the machine, because each look starts a process.
        """
        key = model.id, model.sha256
        task = self._planning.get(key)
        if task is None:
            task = self._planning[key] = asyncio.create_task(self._planned(model))
            task.add_done_callback(lambda _task: self._planning.pop(key, None))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise ModelUnavailable("The model runtime is being stopped.") from None
            raise

    async def _planned(self, model: Model) -> LoadPlan:
        facts = await self._catalogue.facts_of(model)
        await self._room.look()
        gone = [each for each in self.residents() if each.model.id == model.id or not self.is_pinned(each.model)]
        budget = self._room.budget(self.residents(), self._promised(), without=gone)
        return choose_plan(model.id, facts, budget, self._room.plan_options())

    def set_pinned(self, name: str, *, pinned: bool) -> None:
        """Pin a model or no longer. Raises ModelUnknown."""
        self._catalogue.set_pinned(name, pinned=pinned)
        self._notify()

    async def close(self) -> None:
        """End every process."""
        self._closed = True
        tasks = [*self._tasks, *self._loading.values(), *self._planning.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(self.unload(name) for name in list(self._residents)))

    async def _ready(self, model: Model) -> Resident:
        resident = self._residents.get(model.id)
        if resident and resident.model.sha256 != model.sha256:
            await self.unload(model.id)
            resident = None
        if resident and resident.child.alive:
            return resident
        task = self._loading.get(model.id)
        if task is None:
            task = asyncio.create_task(self._load(model))
            self._loading[model.id] = task
            task.add_done_callback(lambda _task: self._loading.pop(model.id, None))
        try:
            # Whoever goes away leaves the loading to those who wait for it too.
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise ModelUnavailable(f"{model.id} was unloaded while it was being loaded.") from None
            raise

    async def _load(self, model: Model) -> Resident:
        facts = await self._catalogue.facts_of(model)
        path = await ensure_export(model, self._catalogue.folder) if model.backend == "onnx" else Path(model.path)
        try:
            return await self._load_planned(model, facts, path, share=1.0)
        except ModelCrashed:
            _log.warning("loading failed; once more", model=model.id)
            return await self._load_planned(model, facts, path, share=SMALLER)

    async def _load_planned(self, model: Model, facts: Facts, path: Path, *, share: float) -> Resident:
        plan = await self._reserve(model, facts, share)
        before = self._room.free_gpus()
        try:
            _log.info("loading", model=model.id, device=plan.device, context=plan.context)
            child = await ChildProcess.start(
                model.id,
                self._backends[model.backend],
                self._options(model, plan, path),
                load_timeout_s=self._settings.load_timeout_s,
                hang_timeout_s=self._settings.hang_timeout_s,
                environment={**cache_variables(self._catalogue.folder), **self._room.environment(plan)},
            )
        except ModelUnavailable as error:
            if plan.gpu_indices:
                # Most likely the card's memory was not enough after all, which a smaller plan mends.
                raise ModelCrashed(error.message) from error
            raise
        finally:
            self._reserved.pop(model.id, None)
            self._notify()
        if child.loaded.thread_rates:
            self._thread_memory.remember(model, self._room.machine.processor, child.loaded.thread_rates)
        taken = await self._room.taken_since(before) if plan.gpu_indices else {}
        resident = Resident(model, plan, child, taken)
        child.on_death = lambda: self._on_death(resident)
        self._residents[model.id] = resident
        self._notify()
        _log.info(
            "loaded", model=model.id, took_s=round(child.loaded.took_s, 2), taken_mib=child.loaded.taken_bytes // MIB
        )
        return resident

    async def _reserve(self, model: Model, facts: Facts, share: float) -> LoadPlan:
        """A plan whose memory is kept for the model; waits while others use what it needs. Raises ModelUnavailable."""
        while True:
            changes = self._changed
            async with self._deciding:
                plan = await self._make_room(model, facts, share)
                if plan is not None:
                    self._reserved[model.id] = model, plan
                    return plan
            # Others may be loaded meanwhile: what is waited for may take as long as an answer.
            await changes.wait()

    async def _make_room(self, model: Model, facts: Facts, share: float) -> LoadPlan | None:
        """A plan that fits now, after the eviction of what had to go for it; None where somebody has to finish first."""
        while True:
            await self._room.look()
            over = self._over_limit(model)
            if over is None:
                return None
            idle = self._idle()
            plan, refusal = self._try_plan(model, facts, share)
            if over:
                victims = over
            elif plan is None:
                victims = idle if self._try_plan(model, facts, share, without=idle)[0] else []
            else:
                # For a better place only those of the same role go: a search may not take the chat model's GPU.
                same = [each for each in idle if each.model.role is model.role]
                best, _ = self._try_plan(model, facts, share, without=same)
                better = best is not None and plan_score(best)[:2] > plan_score(plan)[:2]
                victims = same if better else []
            if victims:
                await self._evict(victims[0])
            elif plan is not None:
                return plan
            else:
                busy = [each for each in self._residents.values() if not self.is_pinned(each.model)]
                if not self._reserved and self._try_plan(model, facts, share, without=busy)[0] is None:
                    raise refusal
                return None

    def _try_plan(
        self, model: Model, facts: Facts, share: float, *, without: Sequence[Resident] = ()
    ) -> tuple[LoadPlan | None, DoesNotFit]:
        """The plan that there would be if some models were gone; or why there is none."""
        budget = self._room.budget(self.residents(), self._promised(), without=without, gpu_share=share)
        try:
            return choose_plan(model.id, facts, budget, self._room.plan_options()), DoesNotFit("")
        except DoesNotFit as refusal:
            return None, refusal

    def _promised(self) -> list[Need]:
        return [plan.need for _, plan in self._reserved.values()]

    def _over_limit(self, model: Model) -> list[Resident] | None:
        """Whom `max_loaded` asks to go for a model: nobody, the least recently used, or None where all are in use."""
        limit = self._settings.role(model.role).max_loaded
        same = [each for each in self._residents.values() if each.model.role is model.role]
        coming = sum(loading.role is model.role for loading, _ in self._reserved.values())
        if len(same) + coming < limit:
            return []
        idle = [each for each in self._idle() if each.model.role is model.role]
        if idle:
            return idle[:1]
        if all(self.is_pinned(each.model) for each in same) and not coming:
            raise ModelUnavailable(
                f"{limit} models for {model.role.value} may be loaded, and as many are pinned. Unpin one "
                "(`lampstand models pin --off NAME`) or raise `max_loaded` in runtime.toml."
            )
        return None

    def _idle(self) -> list[Resident]:
        """Who may be evicted, the least recently used first."""
        idle = [
            each
            for each in self._residents.values()
            if not self._users[each.model.id] and not self.is_pinned(each.model)
        ]
        return sorted(idle, key=lambda each: each.last_used)

    async def _evict(self, resident: Resident) -> None:
        _log.info("evicting", model=resident.model.id)
        before = self._room.free_gpus()
        await self.unload(resident.model.id)
        for _ in range(GIVEN_BACK_POLLS if resident.plan.gpu_indices else 0):
            await self._room.look()
            free = self._room.free_gpus()
            if all(
                free.get(gpu, 0) - before.get(gpu, 0) >= GIVEN_BACK_SHARE * used
                for gpu, used in resident.need.gpus.items()
            ):
                return
            await asyncio.sleep(GIVEN_BACK_POLL_S)

    def _options(self, model: Model, plan: LoadPlan, path: Path) -> LoadOptions:
        limit = self._settings.child_memory_mib * MIB
        if not limit and not plan.gpu_indices:
            limit = int(plan.need.ram * LIMIT_FACTOR) + plan.prefix_bytes + LIMIT_MARGIN
        writes = model.role is ModelRole.CHAT
        choice = self._thread_memory.choose(model, self._room.machine.processor, on_gpu=bool(plan.gpu_indices))
        return LoadOptions(
            path=str(path),
            threads=plan.threads,
            writing_threads=choice.threads if writes else 0,
            thread_candidates=choice.candidates if writes else (),
            niceness=CHAT_NICENESS if writes else OTHER_NICENESS,
            family=model.family,
            context=plan.context,
            gpu_layers=plan.gpu_layers,
            cache_type=plan.cache_type,
            prefix_bytes=plan.prefix_bytes,
            memory_limit=limit,
        )

    def _chosen(self, strategy: Strategy) -> list[str]:
        """The model of each role whose settings have this strategy."""
        found = []
        for role in ModelRole:
            settings = self._settings.role(role)
            if settings.strategy is strategy:
                known = sorted(self._catalogue.models(), key=lambda model: -model.added_at)
                names = [settings.model] if settings.model else [model.id for model in known if model.role is role]
                found += names[:1]
        return found

    def _on_death(self, resident: Resident) -> None:
        if self._residents.get(resident.model.id) is not resident:
            return
        del self._residents[resident.model.id]
        self._metrics.crashes.inc()
        _log.error("model's process died", model=resident.model.id, pid=resident.child.pid)
        self._notify()
        if not self._closed and self.is_pinned(resident.model):
            self._spawn(self._load_quietly(resident.model))

    async def _load_quietly(self, model: Model) -> None:
        """Load what nobody waits for; what may pass is tried again, less and less often."""
        pause_s = FIRST_RESTART_S
        while True:
            try:
                await self._ready(model)
            except (ModelCrashed, DoesNotFit) as error:
                _log.error("cannot load yet", model=model.id, reason=error.message, again_in_s=pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LAST_RESTART_S)
            except ModelError as error:
                _log.error("cannot load", model=model.id, reason=error.message)
                return
            else:
                return

    async def _unload_idle(self) -> None:
        while True:
            changes = self._changed
            now = time.time()
            try:
                ends = [(end, each) for each in self._idle() if (end := self._idle_until(each)) is not None]
            except ModelError as error:
                # Such as a list of pins that cannot be read: what is pinned is not known, so nothing goes.
                _log.exception("cannot look for idle models", reason=error.message)
                ends = []
            end, resident = min(ends, key=lambda each: each[0], default=(None, None))
            if resident is not None and end is not None and end <= now:
                _log.info("idle", model=resident.model.id)
                await self.unload(resident.model.id)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if end is None else end - now):
                    await changes.wait()

    def _idle_until(self, resident: Resident) -> float | None:
        """When a model has been idle for long enough to go; None for never."""
        limit = self._settings.role(resident.model.role).idle_unload_s
        return resident.last_used + limit if limit else None

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
