"""Every event type is declared once. Scripts and docs use the same names."""

import re
import shutil
from pathlib import Path

import msgspec
import pytest

from appliance.infrastructure.database import Database
from appliance.infrastructure.events import DomainEvent, EventLog
from appliance.infrastructure.jobs.job import JobView
from server.api.events import RESET
from server.bootstrap import APPLIANCE_MIGRATIONS
from server.event_types import EVENT_TYPES
from server.inbox_rules import INBOX_RULES

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "server" / "static"
BY_KIND = {event_type.event_kind: event_type for event_type in EVENT_TYPES}
QUOTED = re.compile(r'"([^"]+)"')


def forwarded_kinds() -> set[str]:
    """The kinds that `events.js` forwards from the event stream of the server."""
    table = re.search(r"const KINDS = \[(.*?)\];", (STATIC / "events.js").read_text(encoding="utf-8"), re.DOTALL)
    assert table is not None
    return set(QUOTED.findall(table[1]))


def kinds_listened_to(script: str) -> set[str]:
    """The kinds that a script passes to `on` of `events.js`: as a string, or as a template with each name of a list."""
    literal = set(re.findall(r'\bon\("([^"]+)"', script))
    for names, template in re.findall(r"of \[([^\]]*)\]\) \{\s*on\(`([^`]*)`", script):
        literal |= {re.sub(r"\$\{\w+\}", name, template) for name in QUOTED.findall(names)}
    return literal


def documented() -> dict[str, str]:
    """The kinds in the table of `docs/api.md`, each with its documented payload."""
    section = (ROOT / "docs" / "api.md").read_text(encoding="utf-8").split("## Events\n")[1].split("\n## ")[0]
    rows = [row.split(" | ") for row in section.splitlines() if row.startswith("| `")]
    return {kind: row[1] for row in rows for kind in re.findall(r"`([^`]+)`", row[0])}


def test_every_type_has_its_own_kind() -> None:
    assert len(EVENT_TYPES) == len(BY_KIND)


def test_every_declared_type_is_listed() -> None:
    def declared(event_type: type[DomainEvent]) -> set[type[DomainEvent]]:
        subtypes = set().union(*(declared(child) for child in event_type.__subclasses__()))
        return subtypes | ({event_type} if "event_kind" in vars(event_type) else set())

    declared_here = {
        event_type for event_type in declared(DomainEvent) if event_type.__module__.startswith("appliance.")
    }

    assert declared_here == set(EVENT_TYPES)


def test_scripts_forward_only_kinds_that_exist() -> None:
    assert {"reset", "job.done", "notification.new"} <= forwarded_kinds()
    assert set() == forwarded_kinds() - BY_KIND.keys() - {RESET}


@pytest.mark.parametrize("script", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_a_script_listens_only_to_kinds_that_are_forwarded(script: Path) -> None:
    assert set() == kinds_listened_to(script.read_text(encoding="utf-8")) - forwarded_kinds()


def test_the_kinds_that_scripts_listen_to_are_found() -> None:
    listened_to = set().union(*(kinds_listened_to(path.read_text(encoding="utf-8")) for path in STATIC.glob("*.js")))

    assert {"reset", "job.queued", "job.cancelled", "notification.new", "notification.read"} <= listened_to


def test_docs_list_every_kind() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")

    assert [] == [kind for kind in BY_KIND if f"`{kind}`" not in page]
    assert set() == documented().keys() - BY_KIND.keys() - {RESET}


@pytest.mark.parametrize("kind", sorted(BY_KIND))
def test_docs_list_the_fields_of_a_payload(kind: str) -> None:
    if kind not in documented():
        assert () == BY_KIND[kind].__struct_fields__, "only an event without a payload may be left out of the table"
        return
    if issubclass(BY_KIND[kind], JobView):
        assert documented()[kind].startswith("the job")
        assert BY_KIND[kind].__struct_fields__ == JobView.__struct_fields__
        return
    fields = re.findall(r"\w+", " ".join(re.findall(r"`\{([^}]*)\}`", documented()[kind])))
    assert list(BY_KIND[kind].__struct_fields__) == fields


def test_every_event_that_becomes_a_notification_is_listed() -> None:
    assert INBOX_RULES.keys() <= set(EVENT_TYPES)


def test_stored_events_of_an_earlier_version_can_be_read_and_are_encoded_the_same(tmp_path: Path) -> None:
    copy = tmp_path / "appliance.db"
    shutil.copyfile(ROOT / "tests" / "data" / "folder-48d71bd" / "appliance.db", copy)
    database = Database(copy, APPLIANCE_MIGRATIONS)
    database.migrate()
    events = EventLog(database).after(0)
    database.close()

    assert 14 == len({event.kind for event in events})
    for event in events:
        assert bytes(event.payload) == msgspec.json.encode(event.payload_as(BY_KIND[event.kind]))
