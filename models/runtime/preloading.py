"""Load models without a request: at start, and again when the process of a pinned model dies."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from models.catalogue.catalogue import Catalogue
from models.catalogue.model import Model, ModelRole
from models.errors import DoesNotFit, ModelCrashed, ModelError
from models.settings import RuntimeSettings, Strategy

FIRST_RETRY_S, LAST_RETRY_S = 1.0, 60.0

_log = structlog.get_logger()


class PreloadPolicy:
    """Decides which models are loaded at start and which stay loaded, from the settings and the list of pinned models."""

    def __init__(self, catalogue: Catalogue, settings: RuntimeSettings) -> None:
        self._catalogue, self._settings = catalogue, settings

    def is_pinned(self, model: Model) -> bool:
        """Return whether a model is pinned, by a person or by the settings. Raises ModelFileRefused."""
        return model.id in self._catalogue.pinned() or model.id in self._names(Strategy.PINNED)

    def names_at_start(self) -> set[str]:
        """Return the names of the models to load at start. Some of these models may not exist. Raises ModelFileRefused."""
        return {*self._names(Strategy.PINNED), *self._names(Strategy.EAGER), *self._catalogue.pinned()}

    def _names(self, strategy: Strategy) -> list[str]:
        """Return one model for each role that has this strategy: the model in the role's settings, else the newest."""
        names = []
        for role in ModelRole:
            settings = self._settings.role(role)
            if settings.strategy is not strategy:
                continue
            if settings.model:
                names.append(settings.model)
                continue
            of_role = [model for model in self._catalogue.models() if model.role is role]
            if of_role:
                names.append(max(of_role, key=lambda model: model.added_at).id)
        return names


async def load_with_retries(model: Model, load: Callable[[Model], Awaitable[object]]) -> None:
    """Load a model that no request waits for. After a temporary error try again, each time after a longer pause."""
    pause_s = FIRST_RETRY_S
    while True:
        try:
            await load(model)
        except (ModelCrashed, DoesNotFit) as error:
            _log.error("cannot load yet", model=model.id, reason=error.message, retry_in_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LAST_RETRY_S)
        except ModelError as error:
            _log.error("cannot load", model=model.id, reason=error.message)
            return
        else:
            return
