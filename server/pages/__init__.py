"""The web pages: controllers and their templates. The pages work without JavaScript."""

from litestar import Router

from server.pages.account import AccountPagesController, EntryPagesController
from server.pages.ask import AskPagesController
from server.pages.home import HomePagesController
from server.pages.inbox import InboxPagesController
from server.pages.jobs import JobPagesController
from server.pages.people import ClassPagesController, PeoplePagesController
from server.pages.read import ReadPagesController
from server.pages.search import SearchPagesController
from server.pages.storage import StoragePagesController
from server.pages.topics import TopicPagesController
from server.pages.trust import TrustPagesController
from server.pages.verse import VersePagesController

router = Router(
    path="/",
    route_handlers=[
        AccountPagesController,
        AskPagesController,
        ClassPagesController,
        EntryPagesController,
        InboxPagesController,
        JobPagesController,
        HomePagesController,
        ReadPagesController,
        SearchPagesController,
        PeoplePagesController,
        StoragePagesController,
        TopicPagesController,
        TrustPagesController,
        VersePagesController,
    ],
    include_in_schema=False,
)
