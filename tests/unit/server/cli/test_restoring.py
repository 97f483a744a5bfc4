"""`lampstand restore` on a temporary data folder."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from fakes.accounts import NOW, PASSWORD, create_administrator

from appliance.community.accounts import queries
from appliance.community.accounts.operations import signing_in
from server.bootstrap import open_appliance
from server.cli import lampstand


@pytest.fixture
def home(tmp_path: Path) -> Path:
    appliance = open_appliance(tmp_path / "home")
    create_administrator(appliance.appliance_db)
    appliance.close()
    return tmp_path / "home"


def test_a_restore_ends_sessions_and_keeps_the_earlier_database(home: Path, tmp_path: Path) -> None:
    appliance = open_appliance(home)
    session = signing_in.sign_in(appliance.appliance_db, login="anna", password=PASSWORD, address="", agent="", now=NOW)
    appliance.appliance_db.copy_to(tmp_path / "copy.db")
    appliance.close()
    result = CliRunner().invoke(
        lampstand, ["--home", str(home), "restore", str(tmp_path / "copy.db")], catch_exceptions=False
    )

    assert "Everyone must sign in again" in result.output
    assert f"The earlier database is kept as {home}/appliance-before-" in result.output
    restored = open_appliance(home)
    assert ["Anna"] == [person.name for person in queries.people(restored.appliance_db)]
    assert queries.identify_session(restored.appliance_db, session.token, now=NOW).person is None
    restored.close()


def test_an_open_database_is_not_replaced_through_a_link(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from server.cli.restoring import FolderInUse

    checked_paths: list[Path] = []

    def users_of(path: Path) -> list[int]:
        checked_paths.append(path)
        return [4711]

    monkeypatch.setattr("server.left_over.users_of", users_of)
    (tmp_path / "link").symlink_to(home)
    with pytest.raises(FolderInUse, match="is open in another process"):
        CliRunner().invoke(lampstand, ["--home", str(tmp_path / "link"), "restore"], catch_exceptions=False)
    assert [home / "appliance.db"] == checked_paths
