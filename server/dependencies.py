"""The dependencies of route handlers: a handler gets the parts of the appliance that its parameters name."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.di import Provide

from appliance.community.accounts.person import Identity, Person, SignInNeeded
from appliance.infrastructure.clock import Clock
from appliance.infrastructure.event_hub import EventHub
from appliance.study.operations import AnswerDesk
from server.bootstrap import Appliance
from server.http.limits import SlowRequests, Streams
from server.http.threads import Threads
from server.job_desk import JobDesk


def dependencies_of(appliance: Appliance, threads: Threads) -> dict[str, Provide]:
    """Map each parameter name to its dependency."""
    parts = {
        "all_translations": appliance.translations,
        "appliance_db": appliance.appliance_db,
        "catalogue": appliance.catalogue,
        "certificate": appliance.certificate,
        "derived": appliance.derived,
        "dispatcher": appliance.dispatcher,
        "finder": appliance.finder,
        "folder": appliance.folder,
        "graph": appliance.graph,
        "job_desk": JobDesk(appliance.dispatcher, appliance.folder.texts),
        "library": appliance.library,
        "outside_services": appliance.outside_services,
        "slow": SlowRequests(threads),
        "streams": Streams(),
        "suggester": appliance.suggester,
    }
    return {name: _always(part) for name, part in parts.items()} | {
        "desk": Provide(_desk),
        "now": Provide(_time_of(appliance.clock)),
        "hub": Provide(_hub),
        "identity": Provide(_identity),
        "me": Provide(_me),
    }


def _always(value: Any) -> Provide:
    async def provide() -> Any:
        return value

    return Provide(provide)


def _time_of(clock: Clock) -> Callable[[], Awaitable[float]]:
    """The time of day at which a request is handled, in seconds since the epoch."""

    async def provide() -> float:
        return clock.time()

    return provide


async def _desk(state: State) -> AnswerDesk:
    desk: AnswerDesk = state.desk
    return desk


async def _hub(state: State) -> EventHub:
    hub: EventHub = state.hub
    return hub


async def _identity(request: Request[Any, Any, Any]) -> Identity:
    identity: Identity = request.user
    return identity


async def _me(request: Request[Any, Any, Any]) -> Person:
    identity: Identity = request.user
    if identity.person is None:
        raise SignInNeeded("Sign in to continue.", remedy="Or join with a class code.")
    return identity.person
