"""The composition root: it opens a data folder and connects the parts of the appliance."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.community.accounts.permissions import ADMINISTRATORS
from appliance.community.accounts.store import m005_accounts, m008_plain_names
from appliance.community.notifications.store import m007_notifications
from appliance.infrastructure.atomic import UNFINISHED
from appliance.infrastructure.clock import SYSTEM_CLOCK, Clock
from appliance.infrastructure.connections import Synchronous
from appliance.infrastructure.damage import check_not_lost
from appliance.infrastructure.database import Database, UnitOfWork
from appliance.infrastructure.events import EventLog, m003_events
from appliance.infrastructure.jobs.ledger import Jobs
from appliance.infrastructure.jobs.migrations import m001_jobs, m004_shared_queues, m009_download_jobs
from appliance.infrastructure.jobs.pauses import Queues
from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.queue_connections import QueueConnections
from appliance.infrastructure.settings import Settings, default_home, load_settings
from appliance.infrastructure.site_certificate import SiteCertificate
from appliance.scripture.migrations import (
    m001_library,
    m002_links,
    m003_comments,
    m004_headings,
    m005_entities,
    m006_comments,
    m007_headings,
    m009_library_items,
    m010_entity_columns,
)
from appliance.scripture.search.index import m008_heading_digests
from appliance.scripture.translations.queries import Translations
from appliance.study.store import m002_messages, m006_askers

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from appliance.community.notifications.feed import Feed
    from appliance.infrastructure.graph.kuzu_engine import KuzuGraph
    from appliance.infrastructure.jobs.dispatcher import Dispatcher
    from appliance.infrastructure.jobs.job import Job
    from appliance.infrastructure.messenger import AppriseMessenger
    from appliance.scripture.derived import DerivedData
    from appliance.scripture.search.ports import Embedder
    from appliance.scripture.search.ranking.index_files import IndexFiles
    from appliance.scripture.search.service import Finder
    from appliance.scripture.suggestions import Suggester
    from appliance.study.operations import AnswerDesk
    from appliance.study.ports import AnswerWriter
    from models.catalogue.catalogue import Catalogue
    from models.client import Client

LIBRARY_MIGRATIONS = (
    m001_library,
    m002_links,
    m003_comments,
    m004_headings,
    m005_entities,
    m006_comments,
    m007_headings,
    m008_heading_digests,
    m009_library_items,
    m010_entity_columns,
)
APPLIANCE_MIGRATIONS = (
    m001_jobs,
    m002_messages,
    m003_events,
    m004_shared_queues,
    m005_accounts,
    m006_askers,
    m007_notifications,
    m008_plain_names,
    m009_download_jobs,
)


class Appliance:
    """All parts of the appliance for one data folder. Databases are opened immediately, every other part on first use."""

    def __init__(
        self,
        folder: DataFolder,
        settings: Settings,
        *,
        embedder: Embedder | None = None,
        writer: AnswerWriter | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.folder, self.settings, self.clock = folder, settings, clock
        self._embedder, self._writer = embedder, writer
        self._opened = ExitStack()
        self.appliance_db = Database(folder.appliance_db, APPLIANCE_MIGRATIONS)
        # The library can be rebuilt; people's data cannot.
        self.library = Database(folder.library_db, LIBRARY_MIGRATIONS, synchronous=Synchronous.NORMAL)
        for database in (self.appliance_db, self.library):
            self._opened.callback(database.close)
        # Check both databases before writing to one of them, so that a data folder of a newer version stays unchanged.
        for database in (self.appliance_db, self.library):
            database.refuse_newer()
        check_not_lost(folder, self.appliance_db)
        for database in (self.appliance_db, self.library):
            database.migrate()
        self.events = EventLog(self.appliance_db)
        self.jobs = Jobs(self.appliance_db, overseers=ADMINISTRATORS, clock=clock)
        self.queues = Queues(self.appliance_db, overseers=ADMINISTRATORS, clock=clock)
        self.queue_connections = QueueConnections(folder, settings.queues_address)
        self._opened.callback(self.queue_connections.close)

    @cached_property
    def catalogue(self) -> Catalogue:
        from models.catalogue.catalogue import Catalogue

        return Catalogue(self.folder.models)

    @cached_property
    def models(self) -> Client:
        """The client of the model runtime."""
        from models.client import Client
        from server.left_over import runtime_wait_for_start

        client = Client(
            folder=self.folder.models,
            socket=self.folder.models_socket,
            address=self.settings.models_address,
            token=self.settings.models_token,
            wait_for_start=partial(runtime_wait_for_start, self.folder),
        )
        self._opened.callback(client.close)
        return client

    @cached_property
    def embedder(self) -> Embedder:
        from server.model_runtime import RuntimeEmbedder

        return self._embedder or RuntimeEmbedder(self.models, self.settings.embedding_model)

    @cached_property
    def index_embedder(self) -> Embedder:
        from server.model_runtime import RuntimeEmbedder

        return self._embedder or RuntimeEmbedder(self.models, self.settings.embedding_model, patient=True)

    @cached_property
    def writer(self) -> AnswerWriter:
        from server.model_runtime import RuntimeWriter

        return self._writer or RuntimeWriter(self.models, self.settings.chat_model)

    @cached_property
    def graph(self) -> KuzuGraph:
        from appliance.infrastructure.graph.kuzu_engine import KuzuGraph

        graph = KuzuGraph(self.folder.graph)
        self._opened.callback(graph.close)
        return graph

    @cached_property
    def index_files(self) -> IndexFiles:
        from appliance.scripture.search.ranking.index_files import IndexFiles

        return IndexFiles(compiled=self.folder.search_index, topics=self.folder.topic_memory)

    @cached_property
    def finder(self) -> Finder:
        from appliance.scripture.search.service import Finder

        return Finder(
            self.library,
            self.embedder,
            embedded=self.settings.embedded_translation,
            graph=self.graph,
            files=self.index_files,
        )

    @cached_property
    def suggester(self) -> Suggester:
        from appliance.scripture.suggestions import Suggester

        return Suggester(self.folder.suggestions)

    @cached_property
    def feed(self) -> Feed:
        from appliance.community.notifications.feed import Feed
        from server.inbox_rules import INBOX_RULES

        return Feed(self.appliance_db, self.events, self.jobs, rules=INBOX_RULES, clock=self.clock)

    @cached_property
    def messenger(self) -> AppriseMessenger:
        from appliance.infrastructure.messenger import AppriseMessenger

        return AppriseMessenger(self.outside_services)

    @cached_property
    def dispatcher(self) -> Dispatcher[Appliance]:
        from appliance.infrastructure.jobs.dispatcher import Dispatcher
        from server.job_kinds import KINDS

        return Dispatcher(
            self.jobs,
            self.queues,
            KINDS,
            self,
            connections=self.queue_connections,
            working_folder=self.folder.working_folder,
        )

    @cached_property
    def derived(self) -> DerivedData:
        """The data that is built from the library."""
        from appliance.scripture.derived import DerivedData

        return DerivedData(
            self.library, self.folder, self.settings, index_files=self.index_files, can_embed=self.can_embed
        )

    @cached_property
    def translations(self) -> Translations:
        return Translations(self.library, self.settings.default_translation)

    @cached_property
    def certificate(self) -> SiteCertificate:
        return SiteCertificate(self.settings, self.folder.tls)

    def answer_desk(self, executor: Executor | None = None) -> AnswerDesk:
        """Create an answer desk. If there is an `executor`, the desk searches for passages in its threads."""
        from appliance.study.operations import AnswerDesk

        return AnswerDesk(
            library=self.library,
            appliance=self.appliance_db,
            finder=self.finder,
            writer=self.writer,
            executor=executor,
            clock=self.clock,
        )

    @property
    def outside_services(self) -> frozenset[str]:
        """The outside services to which notifications may be sent."""
        return frozenset(filter(None, map(str.strip, self.settings.notification_services.split(","))))

    def can_embed(self) -> bool:
        """Whether the embedding runtime is installed."""
        from models.catalogue.embedding_graph import can_embed

        return can_embed(self.folder.models)

    def create_outdated_jobs(self) -> list[Job]:
        """Create the jobs that rebuild outdated data of the library. This method does not wake the queues of the jobs."""
        return [self.dispatcher.create(kind) for kind in self.derived.outdated()]

    @property
    def temporary_files(self) -> dict[Path, str]:
        """Map each folder that can contain temporary files to the name pattern of these files."""
        return {
            self.folder.graph.parent: "building-*",
            self.folder.home: "tmp*.npz",
            self.folder.search_index.parent: f"*{UNFINISHED}",
            self.folder.models / "downloads": "*",
        }

    def delete_old_records(self, work: UnitOfWork, *, before: float, now: float) -> None:
        """Delete expired sessions, and notifications that are marked as read and are older than `before`."""
        from appliance.community.accounts.operations.sessions import delete_expired_sessions
        from appliance.community.notifications import operations as notifications

        delete_expired_sessions(work, now=now)
        notifications.delete_old(work, before=before)

    def close(self) -> None:
        self._opened.close()


def open_appliance(home: Path | None = None, **overrides: Any) -> Appliance:
    """Open a data folder; create it if necessary. `overrides` are settings from the command line.

    Raises InvalidSettings, DataFolderUnusable, DatabaseTooNew, DatabaseDamaged or DatabaseNotWritable.
    """
    path = home or default_home()
    settings = load_settings(path, **overrides)
    return Appliance(DataFolder(path).create(), settings)
