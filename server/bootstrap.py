"""The composition root: opens a data folder and gives each part what it needs."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from appliance.community.accounts.store import m005_accounts
from appliance.community.notifications.store import m007_notifications
from appliance.errors import Conflict, Refused
from appliance.infrastructure.atomic import UNFINISHED
from appliance.infrastructure.backup import BACKUP, CHECK
from appliance.infrastructure.damage import check_not_lost
from appliance.infrastructure.database import Database, Synchronous
from appliance.infrastructure.events import EventLog, m003_events
from appliance.infrastructure.jobs.job import Job, State
from appliance.infrastructure.jobs.ledger import Jobs, m001_jobs, m004_shared_queues
from appliance.infrastructure.jobs.pauses import Queues, QueueState
from appliance.infrastructure.jobs.schedule import Daily
from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.settings import Settings, default_home, load_settings
from appliance.infrastructure.tidying import TIDY
from appliance.scripture import jobs as scripture_jobs
from appliance.scripture import queries
from appliance.scripture.companions.store import m002_links, m003_comments, m005_entities, m006_comments
from appliance.scripture.search.index import IndexState, bare_headings, index_state, m008_heading_digests
from appliance.scripture.store import m001_library, m004_headings, m007_headings
from appliance.study.store import m002_messages, m006_askers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from appliance.community.accounts.person import Person
    from appliance.community.notifications.feed import Feed
    from appliance.infrastructure.certificates import Served
    from appliance.infrastructure.graph.kuzu_engine import KuzuGraph
    from appliance.infrastructure.jobs.runner import Work
    from appliance.infrastructure.messenger import AppriseMessenger
    from appliance.infrastructure.queue import JobQueue
    from appliance.scripture.passage import Translation
    from appliance.scripture.search.ports import Embedder
    from appliance.scripture.search.ranking.compiled import IndexFiles
    from appliance.scripture.search.service import Finder
    from appliance.scripture.suggestions import Suggester
    from appliance.study.operations import AnswerDesk
    from appliance.study.ports import Writer
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
)
APPLIANCE_MIGRATIONS = (
    m001_jobs,
    m002_messages,
    m003_events,
    m004_shared_queues,
    m005_accounts,
    m006_askers,
    m007_notifications,
)
# A consumer that is woken works until nothing is left; so many slots it may have.
MOST_WAKES = 8
NIGHTLY = (
    Daily(kind=BACKUP, title="Back up people's data", hour=2),
    Daily(kind=TIDY, title="Tidy up", hour=3),
    Daily(kind=CHECK, title="Check the databases", hour=4),
)


class JobNotRepeatable(Conflict):
    """No worker knows how to do what a job did."""


class LocationNotText(Refused):
    """A file or folder has a name that is not UTF-8."""


class Appliance:
    """Everything of one data folder. The databases are opened at once, each other part when it is first used."""

    def __init__(
        self,
        folder: DataFolder,
        settings: Settings,
        *,
        embedder: Embedder | None = None,
        writer: Writer | None = None,
    ) -> None:
        self.folder, self.settings = folder, settings
        self._embedder, self._writer = embedder, writer
        self._opened = ExitStack()
        self.appliance_db = Database(folder.appliance_db, APPLIANCE_MIGRATIONS)
        # The library can be rebuilt; people's data cannot.
        self.library = Database(folder.library_db, LIBRARY_MIGRATIONS, synchronous=Synchronous.NORMAL)
        for database in (self.appliance_db, self.library):
            self._opened.callback(database.close)
        # Both are looked at before either is written, so that a folder of a newer version stays as it is.
        for database in (self.appliance_db, self.library):
            database.refuse_newer()
        check_not_lost(folder, self.appliance_db)
        for database in (self.appliance_db, self.library):
            database.migrate()
        self.events = EventLog(self.appliance_db)
        self.jobs = Jobs(self.appliance_db)
        self.queues = Queues(self.appliance_db)
        self._wires: dict[str, JobQueue] = {}
        self._wiring = threading.Lock()

    @cached_property
    def catalogue(self) -> Catalogue:
        from models.catalogue.catalogue import Catalogue

        return Catalogue(self.folder.models)

    @cached_property
    def models(self) -> Client:
        """The model runtime."""
        from models.client import Client
        from server.left_over import runtime_patience

        client = Client(
            folder=self.folder.models,
            socket=self.folder.models_socket,
            address=self.settings.models_address,
            token=self.settings.models_token,
            patience=partial(runtime_patience, self.folder),
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
    def writer(self) -> Writer:
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
        from appliance.scripture.search.ranking.compiled import IndexFiles

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

        return Feed(self.appliance_db, self.events, self.jobs)

    @cached_property
    def messenger(self) -> AppriseMessenger:
        from appliance.infrastructure.messenger import AppriseMessenger

        return AppriseMessenger(self.outside_services)

    def wire(self, queue: str) -> JobQueue:
        """The way to the consumers of a queue. Raises QueueAddressInvalid."""
        from appliance.infrastructure.queue import JobQueue

        with self._wiring:
            if queue not in self._wires:
                self._wires[queue] = JobQueue(queue, self.folder.queue_db(queue), self.settings.queues_address)
                self._opened.callback(self._wires[queue].close)
            return self._wires[queue]

    @property
    def work(self) -> Work:
        """What each kind of job does. A part of the appliance that a job needs is loaded when the job begins."""
        from appliance.community.accounts import operations as accounts
        from appliance.community.notifications import operations as notifications
        from appliance.community.notifications.jobs import DELIVER, deliver
        from appliance.infrastructure.backup import back_up, check_databases
        from appliance.infrastructure.tidying import tidy
        from server.model_jobs import PULL, pull_model

        return {
            scripture_jobs.IMPORT: partial(scripture_jobs.import_library, database=self.library),
            scripture_jobs.GRAPH: partial(
                scripture_jobs.build_library_graph, database=self.library, path=self.folder.graph
            ),
            scripture_jobs.MEMORY: lambda *job: scripture_jobs.remember_topics(
                *job, database=self.library, embedder=self.index_embedder, path=self.folder.topic_memory
            ),
            scripture_jobs.INDEX: lambda *job: scripture_jobs.index_library(
                *job,
                database=self.library,
                embedder=self.index_embedder,
                preferred=self.settings.embedded_translation,
            ),
            scripture_jobs.COMPILE: lambda *job: scripture_jobs.compile_search(
                *job,
                database=self.library,
                preferred=self.settings.embedded_translation,
                model=self.settings.embedding_model,
                files=self.index_files,
                suggestions=self.folder.suggestions,
            ),
            PULL: lambda *job: pull_model(*job, catalogue=self.catalogue, folder=self.folder.models),
            BACKUP: partial(
                back_up, database=self.appliance_db, folder=self.folder.backups, keep=self.settings.keep_backups
            ),
            CHECK: partial(
                check_databases, databases={"People's data": self.appliance_db, "the library": self.library}
            ),
            DELIVER: lambda *job: deliver(*job, database=self.appliance_db, messenger=self.messenger),
            TIDY: partial(
                tidy,
                jobs=self.jobs,
                events=self.events,
                workshop=self.folder.workshop,
                keep_days=self.settings.keep_events_days,
                more=[partial(accounts.forget, self.appliance_db), partial(notifications.forget, self.appliance_db)],
                scraps={
                    self.folder.graph.parent: "building-*",
                    self.folder.home: "tmp*.npz",
                    self.folder.search_index.parent: f"*{UNFINISHED}",
                    self.folder.models / "downloads": "*",
                },
            ),
        }

    def answer_desk(self, executor: Executor | None = None) -> AnswerDesk:
        """What answers questions; it looks for passages in the threads of `executor`, if one is given."""
        from appliance.study.operations import AnswerDesk

        return AnswerDesk(
            library=self.library,
            appliance=self.appliance_db,
            finder=self.finder,
            writer=self.writer,
            executor=executor,
        )

    def create_import_job(self, location: str, only: Sequence[str] = (), *, started_by: str = "") -> Job:
        """Raises LocationNotText where a name is not UTF-8, which jobs are stored in."""
        if any(0xD800 <= ord(each) <= 0xDFFF for each in location):
            raise LocationNotText("The name of the file or folder is not UTF-8.", remedy="Rename it, then try again.")
        name = Path(location).name if not location.startswith("pythonbible:") else location
        return self.jobs.create(
            scripture_jobs.IMPORT,
            title=f"Import {', '.join(sorted(only)) or name}",
            started_by=started_by,
            arguments={"location": location, "only": sorted(only)},
        )

    def create_graph_job(self, *, started_by: str = "") -> Job:
        return self.jobs.create(scripture_jobs.GRAPH, title="Build the graph", started_by=started_by)

    def create_pull_job(self, model: str, *, sha256: str = "", name: str = "", started_by: str = "") -> Job:
        from server.model_jobs import PULL

        arguments = {"model": model, "sha256": sha256, "name": name}
        return self.jobs.create(PULL, title=f"Fetch {name or model}", arguments=arguments, started_by=started_by)

    def create_backup_job(self, *, started_by: str = "") -> Job:
        return self.jobs.create(BACKUP, title="Back up people's data", started_by=started_by)

    def create_memory_job(self) -> Job:
        return self.jobs.create(scripture_jobs.MEMORY, title="Remember topics")

    def create_compile_job(self) -> Job:
        return self.jobs.create(scripture_jobs.COMPILE, title="Compile the search index")

    def create_index_job(self, *, started_by: str = "") -> Job:
        return self.jobs.create(scripture_jobs.INDEX, title="Prepare search by meaning", started_by=started_by)

    def begin_again(self, job_id: int, *, started_by: str = "") -> Job:
        """A new job for what a failed one did not achieve. Raises JobNotFound, JobNotOver or JobNotRepeatable."""
        from appliance.infrastructure.jobs.runner import kind_named

        old = self.jobs.get(job_id)
        try:
            kind, _ = kind_named(self.work, old.kind)
        except KeyError:
            raise JobNotRepeatable(
                f"What job {job_id} did cannot be begun from here.", remedy="Give the command again that began it."
            ) from None
        return self.jobs.begin_again(kind, job_id, started_by=started_by)

    def resume(self, queue: str) -> QueueState:
        """Go on with a paused queue. Raises QueueNotFound."""
        state = self.queues.resume(queue)
        waiting = [job for job in self.jobs.active() if job.queue == queue and job.state is State.QUEUED]
        for job in waiting[:MOST_WAKES]:
            self.enqueue(job)
        return state

    def enqueue(self, job: Job, delay_s: float = 0.0) -> None:
        """Wake the queue of a job that was made; where that fails, the worker's next sweep finds it."""
        from appliance.infrastructure.queue import QueueUnreachable

        try:
            self.wire(job.queue).wake(job.id, delay_s)
        except QueueUnreachable as error:
            structlog.get_logger().warning("a queue was not woken", queue=job.queue, reason=str(error))

    def run_job_here(self, job: Job, on_report: Callable[[float, str], None]) -> Job:
        """Work on a job in this process, as the command line does."""
        from appliance.infrastructure.jobs.runner import run_job

        return run_job(self.jobs, self.work, job.id, workshop=self.folder.workshop, on_report=on_report)

    def certificates(self) -> Served:
        """What HTTPS is served with, made or renewed where it has to be. Raises CertificateUnusable."""
        from appliance.infrastructure.certificates import check_own, ensure_certificates, today
        from appliance.infrastructure.own_names import own_addresses, own_names

        if self.settings.tls_certificate:
            return check_own(Path(self.settings.tls_certificate), Path(self.settings.tls_key))
        names = own_names(self.settings.names.split(","))
        return ensure_certificates(self.folder.tls, names, own_addresses(self.settings.host), today())

    def renew_certificates(self, *, new_authority: bool) -> Served:
        """New keys for HTTPS. Raises CertificateUnusable where the certificate comes from elsewhere."""
        from appliance.infrastructure.certificates import CertificateUnusable, renew_certificates, today
        from appliance.infrastructure.own_names import own_addresses, own_names

        if self.settings.tls_certificate:
            raise CertificateUnusable(
                "The certificate comes from elsewhere: the setting tls_certificate names it.",
                remedy="Get a new one from the same place.",
            )
        names = own_names(self.settings.names.split(","))
        return renew_certificates(
            self.folder.tls, names, own_addresses(self.settings.host), today(), new_authority=new_authority
        )

    @property
    def keys_are_exposed(self) -> bool:
        """Whether an earlier version made the keys of HTTPS; `certificates` says in words why that matters."""
        from appliance.infrastructure.exposed_keys import keys_are_exposed

        return not self.settings.tls_certificate and keys_are_exposed(self.folder.tls)

    def https_addresses(self) -> list[str]:
        """Where other machines find this one over HTTPS: by its names, then by its addresses."""
        from appliance.infrastructure.own_names import own_addresses, own_names

        names = [name for name in own_names(self.settings.names.split(",")) if "." in name]
        addresses = [str(each) for each in own_addresses() if each.version == 4 and not each.is_loopback]
        return [f"https://{each}:{self.settings.https_port}" for each in (*names, *addresses)]

    @property
    def outside_services(self) -> frozenset[str]:
        """The services outside that notifications may be sent to."""
        return frozenset(filter(None, map(str.strip, self.settings.notification_services.split(","))))

    def remove_person(self, person: Person) -> None:
        """Remove somebody, and all that is theirs. Raises LastAdministrator."""
        from appliance.community.accounts import operations as accounts
        from appliance.study.operations import forget_person

        accounts.remove(self.appliance_db, person=person)
        forget_person(self.appliance_db, person.id)
        self.events.forget(person.audience)

    def shown(self, named: str = "") -> Translation:
        """The text that is read: the one that is named, else the default. Raises TranslationNotFound."""
        if named:
            return queries.find_translation(self.library, named)
        return queries.default_translation(self.library, self.settings.default_translation)

    def index_state(self) -> IndexState:
        return index_state(self.library, self.settings.embedded_translation, self.settings.embedding_model)

    def can_embed(self) -> bool:
        """Whether what turns verses into vectors is installed."""
        from models.catalogue.embedding_graph import can_embed

        return can_embed(self.folder.models)

    def index_is_wanted(self) -> bool:
        """True where verses lack vectors and what makes them is installed."""
        state = self.index_state()
        bare = not state.complete or bare_headings(self.library, self.settings.embedding_model) > 0
        return state.total > 0 and bare and self.can_embed()

    def memory_is_wanted(self) -> bool:
        """True where votes were imported, or removed, since topics were remembered."""
        from appliance.scripture.search.ranking.imported_topics import memory_is_stale

        return (
            memory_is_stale(self.library, self.folder.topic_memory, self.settings.embedding_model) and self.can_embed()
        )

    def compiling_is_wanted(self) -> bool:
        """True where what a search reads was compiled of another state of the library.

        The index is compiled once all that it needs is there, so not before the jobs that bring it.
        """
        from appliance.scripture.search.ranking.compiled import index_is_stale, library_state
        from appliance.scripture.suggestions import suggestions_are_stale

        settings = self.settings
        state = library_state(self.library, settings.embedded_translation, settings.embedding_model, self.index_files)
        return index_is_stale(state, self.index_files) or suggestions_are_stale(self.library, self.folder.suggestions)

    def create_following_jobs(self) -> list[Job]:
        """The jobs that a change of the library makes necessary."""
        jobs = [self.create_index_job()] if self.index_is_wanted() else []
        if self.graph_is_wanted():
            jobs.append(self.create_graph_job())
        if self.memory_is_wanted():
            jobs.append(self.create_memory_job())
        if self.compiling_is_wanted():
            jobs.append(self.create_compile_job())
        return jobs

    def graph_is_wanted(self) -> bool:
        """True where there are texts, and no graph of the library as it is now."""
        from appliance.scripture.graph.freshness import graph_is_stale

        return bool(queries.translations(self.library)) and graph_is_stale(self.library, self.folder.graph)

    def close(self) -> None:
        self._opened.close()


def open_appliance(home: Path | None = None, **overrides: Any) -> Appliance:
    """Open a data folder, made where it is not there yet; `overrides` are settings from the command line.

    Raises InvalidSettings, DataFolderUnusable, DatabaseTooNew, DatabaseDamaged or DatabaseNotWritable.
    """
    path = home or default_home()
    settings = load_settings(path, **overrides)
    return Appliance(DataFolder(path).create(), settings)
