"""The pages: each controller stands beside its templates. They work without JavaScript."""

from litestar import Router

from server.api.storage import StoragePageController
from server.pages.account import AccountPagesController, EntryPagesController
from server.pages.ask import AskPagesController
from server.pages.inbox import InboxPagesController
from server.pages.jobs import JobPagesController
from server.pages.main import PagesController
from server.pages.people import ClassPagesController, PeoplePagesController
from server.pages.topics import StudyPagesController
from server.pages.trust import TrustController
from server.pages.verse import VersePageController

router = Router(
    path="/",
    route_handlers=[
        AccountPagesController,
        AskPagesController,
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
