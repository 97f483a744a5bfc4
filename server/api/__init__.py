"""The JSON API: one module per resource. The modules only translate between requests and the core."""

from litestar import Router

from server.api.accounts import AccountController, SessionController
from server.api.ask import AskController, MessageController
from server.api.entities import EntitiesController
from server.api.events import EventController
from server.api.graph import GraphController
from server.api.health import HealthController
from server.api.jobs import JobController, QueueController
from server.api.library import LibraryController
from server.api.notifications import AnnouncementController, NotificationController
from server.api.people import ClassController, PeopleController, SiteController
from server.api.reading import ReadingController
from server.api.search import SearchController, SuggestController
from server.api.storage import StorageController
from server.api.topics import TopicsController

router = Router(
    path="/api/v1",
    route_handlers=[
        AccountController,
        AnnouncementController,
        AskController,
        ClassController,
        EntitiesController,
        EventController,
        GraphController,
        HealthController,
        SiteController,
        JobController,
        PeopleController,
        QueueController,
        LibraryController,
        MessageController,
        NotificationController,
        ReadingController,
        SearchController,
        SessionController,
        StorageController,
        SuggestController,
        TopicsController,
    ],
)
