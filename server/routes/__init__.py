"""HTTP routes: nothing but translation between requests and the core's queries and operations."""

from litestar import Router

from server.routes.ask import AskController, MessageController
from server.routes.entities import EntitiesController
from server.routes.events import EventController
from server.routes.graph import GraphController
from server.routes.health import HealthController
from server.routes.jobs import JobController, QueueController
from server.routes.library import LibraryController
from server.routes.pages import PagesController
from server.routes.search import SearchController, SuggestController
from server.routes.study_pages import StudyPagesController
from server.routes.topics import TopicsController
from server.routes.verse_page import VersePageController

api = Router(
    path="/api/v1",
    route_handlers=[
        AskController,
        EntitiesController,
        EventController,
        GraphController,
        HealthController,
        JobController,
        QueueController,
        LibraryController,
        MessageController,
        SearchController,
        SuggestController,
        TopicsController,
    ],
)
pages = Router(
    path="/", route_handlers=[PagesController, StudyPagesController, VersePageController], include_in_schema=False
)
