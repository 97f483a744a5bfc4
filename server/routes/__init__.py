"""HTTP routes: nothing but translation between requests and the core's queries and operations."""

from litestar import Router

from server.routes.account_pages import AccountPagesController, EntryPagesController
from server.routes.accounts import AccountController, SessionController
from server.routes.ask import AskController, MessageController
from server.routes.entities import EntitiesController
from server.routes.events import EventController
from server.routes.graph import GraphController
from server.routes.health import HealthController
from server.routes.inbox_pages import InboxPagesController
from server.routes.job_pages import JobPagesController
from server.routes.jobs import JobController, QueueController
from server.routes.library import LibraryController
from server.routes.notifications import AnnouncementController, NotificationController
from server.routes.pages import PagesController
from server.routes.people import ClassController, HouseController, PeopleController
from server.routes.people_pages import ClassPagesController, PeoplePagesController
from server.routes.search import SearchController, SuggestController
from server.routes.storage import StorageController, StoragePageController
from server.routes.study_pages import StudyPagesController
from server.routes.topics import TopicsController
from server.routes.trust import TrustController
from server.routes.verse_page import VersePageController

api = Router(
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
        HouseController,
        JobController,
        PeopleController,
        QueueController,
        LibraryController,
        MessageController,
        NotificationController,
        SearchController,
        SessionController,
        StorageController,
        SuggestController,
        TopicsController,
    ],
)
pages = Router(
    path="/",
    route_handlers=[
        AccountPagesController,
        ClassPagesController,
        EntryPagesController,
        InboxPagesController,
        JobPagesController,
        PagesController,
        PeoplePagesController,
        StoragePageController,
        StudyPagesController,
        TrustController,
        VersePageController,
    ],
    include_in_schema=False,
)
