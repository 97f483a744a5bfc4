"""The configuration of the supervisor, the stored address of a server, and the lock of `up`."""

import configparser
import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.serving import free_port

from appliance.infrastructure.atomic import replace_content
from appliance.infrastructure.jobs.leases import this_process
from appliance.infrastructure.paths import DataFolder, DataFolderUnusable
from appliance.infrastructure.settings import Settings
from server import supervision
from server.left_over import SERVES
from server.supervision import (
    AlreadyRunning,
    PortInUse,
    check_port,
    clear_for_start,
    locked,
    note_address,
    noted_address,
    refuse_read_only,
    write_configuration,
)

URL = "http://127.0.0.1:8316"


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "100 % home").create()


def test_every_program_dies_with_its_supervisor_and_gets_its_folder_in_the_environment(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "dying_with_parent", lambda: ("/usr/bin/setpriv", "--pdeathsig", "KILL", "--"))
    text = write_configuration(folder, Settings(models_token="secret")).read_text(encoding="utf-8")
    commands = [line for line in text.splitlines() if line.startswith("command=")]

    assert 5 == len(commands)
    assert all(shlex.split(line)[:4] == ["command=/usr/bin/setpriv", "--pdeathsig", "KILL", "--"] for line in commands)
    assert 5 == text.count(f'{SERVES}="{str(folder.home).replace("%", "%%")}"')
    assert "umask=077" in text
    assert "secret" not in text
    assert "--exercises" not in text


def test_the_web_server_starts_first_and_the_model_runtime_stops_last(folder: DataFolder) -> None:
    configuration = configparser.RawConfigParser()
    configuration.read(write_configuration(folder, Settings()), encoding="utf-8")
    programs = {name: configuration[name] for name in configuration.sections() if name.startswith("program:")}
    first = {name for name, program in programs.items() if program["autostart"] == "true"}
    last = min(programs, key=lambda name: int(programs[name]["priority"]))

    assert ({"program:web"}, "program:models") == (first, last)


def test_programs_start_even_if_the_kernel_cannot_stop_them_with_the_supervisor(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "dying_with_parent", lambda: ())
    text = write_configuration(folder, Settings()).read_text(encoding="utf-8")
    assert 5 == text.count(f'command="{Path(sys.executable).with_name("lampstand")}" --home')


def test_the_stored_address_counts_only_while_the_server_runs(folder: DataFolder) -> None:
    assert noted_address(folder) is None
    note_address(folder, URL)
    assert noted_address(folder) == URL
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host, boot, _pid, _start = this_process().rsplit("/", 3)
    replace_content(folder.web_address, f'{{"url": "{URL}", "process": "{host}/{boot}/{ended.pid}/1"}}'.encode())
    assert noted_address(folder) is None
    replace_content(folder.web_address, URL.encode())
    assert noted_address(folder) is None


def test_only_one_up_runs_on_a_folder(folder: DataFolder) -> None:
    with locked(folder), pytest.raises(AlreadyRunning, match="already running"):
        clear_for_start(folder)
    assert [] == clear_for_start(folder)


def test_the_error_for_a_port_in_use_names_the_option_for_another_port() -> None:
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(PortInUse, match="--https-port"):
            check_port("127.0.0.1", port, "--https-port")
    check_port("127.0.0.1", port)


def test_a_read_only_folder_is_refused(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_read_only(folder)
    refuse_read_only(DataFolder(folder.home / "missing"))
    monkeypatch.setattr(DataFolder, "is_writable", False)
    with pytest.raises(DataFolderUnusable, match="is read-only"):
        refuse_read_only(folder)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can create files in another user's folder")
def test_root_leaves_no_file_that_the_owner_cannot_use(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    os.chown(tmp_path / "home", 12345, 12346)
    folder = DataFolder(tmp_path / "home").create()
    with locked(folder):
        pass
    assert {12345} == {path.stat().st_uid for path in folder.home.rglob("*")}
    with locked(folder):
        pass
