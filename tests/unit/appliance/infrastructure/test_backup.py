"""Nightly backups of people's data: which of them are kept."""

from datetime import UTC, datetime
from pathlib import Path

from appliance.infrastructure.backup import BACKUP, backups_by_age
from appliance.infrastructure.jobs.job import State
from server.bootstrap import Appliance

NOW = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)


def test_backups_are_ordered_by_time_and_those_from_the_future_count_as_the_oldest(tmp_path: Path) -> None:
    by_age = [
        "appliance-2026-11-27-083001Z-2.db",
        "appliance-2031-01-01-020000Z-1.db",
        "appliance-2026-11-26-020000Z-9.db",
        "appliance-2026-11-27-083000Z-10.db",
    ]
    for name in by_age:
        (tmp_path / name).touch()

    assert by_age == [path.name for path in backups_by_age(tmp_path, NOW)]


def test_the_newest_backups_are_kept_even_if_the_clock_was_ahead(appliance: Appliance) -> None:
    folder, keep = appliance.folder.backups, appliance.settings.keep_backups
    folder.mkdir()
    for day in range(1, keep + 1):
        (folder / f"appliance-2101-01-{day:02}-020000Z-{day}.db").touch()
    (folder / "appliance-2020-01-01-020000Z-1.db").touch()
    job = appliance.dispatcher.run_in_process(appliance.dispatcher.create(BACKUP))
    kept = sorted(path.name for path in folder.iterdir())

    assert State.DONE is job.state
    assert keep == len(kept)
    assert "appliance-2020-01-01-020000Z-1.db" in kept
    assert any(name.endswith(f"-{job.id}.db") and not name.startswith("appliance-2101") for name in kept)
