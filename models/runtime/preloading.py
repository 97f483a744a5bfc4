"""Models that are loaded without a request: at start, and again when the process of a pinned one dies."""

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
    """Which models are loaded from the start, and which stay loaded, by the settings and by people's pins."""

    def __init__(self, catalogue: Catalogue, settings: RuntimeSettings) -> None:
        self._catalogue, self._settings = catalogue, settings

    def is_pinned(self, model: Model) -> bool:
        """True where people or the settings want a model to be always loaded. Raises ModelFileRefused."""
        return model.id in self._catalogue.pinned() or model.id in self._names(Strategy.PINNED)

    def names_at_start(self) -> set[str]:
        """The names of the models to load at start; some may not be there. Raises ModelFileRefused."""
        return {*self._names(Strategy.PINNED), *self._names(Strategy.EAGER), *self._catalogue.pinned()}

    def _names(self, strategy: Strategy) -> list[str]:
        """The model of each role whose settings have this strategy: the one they name, else the newest."""
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
    """Load a model that no request waits for. What may pass is tried again, less and less often."""
    pause_s = FIRST_RETRY_S
    while True:
        try:
            await load(model)
        except (ModelCrashed, DoesNotFit) as error:
            _log.error("cannot load yet", model=model.id, reason=error.message, again_in_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LAST_RETRY_S)
        except ModelError as error:
            _log.error("cannot load", model=model.id, reason=error.message)
            return
        else:
            return
