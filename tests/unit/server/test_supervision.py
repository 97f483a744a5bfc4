"""The configuration of the supervisor, the address that a server notes, and the lock of `up`."""

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


def test_every_program_dies_with_its_supervisor_and_is_told_its_folder(
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


def test_programs_start_where_the_kernel_cannot_end_them(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "dying_with_parent", lambda: ())
    text = write_configuration(folder, Settings()).read_text(encoding="utf-8")
    assert 5 == text.count(f'command="{Path(sys.executable).with_name("lampstand")}" --home')


def test_the_address_of_a_server_is_noted_while_it_lives(folder: DataFolder) -> None:
    assert noted_address(folder) is None
    note_address(folder, URL)
    assert noted_address(folder) == URL
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    host, boot, _pid, _start = this_process().rsplit("/", 3)
    replace_content(folder.web_address, f'{{"url": "{URL}", "process": "{host}/{boot}/{gone.pid}/1"}}'.encode())
    assert noted_address(folder) is None
    replace_content(folder.web_address, URL.encode())
    assert noted_address(folder) is None


def test_one_up_holds_a_folder(folder: DataFolder) -> None:
    with locked(folder), pytest.raises(AlreadyRunning, match="already runs"):
        clear_for_start(folder)
    assert [] == clear_for_start(folder)


def test_a_taken_port_is_refused_with_the_option_that_chooses_another() -> None:
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(PortInUse, match="--https-port"):
            check_port("127.0.0.1", port, "--https-port")
    check_port("127.0.0.1", port)


def test_a_folder_that_can_only_be_read_is_refused(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_read_only(folder)
    refuse_read_only(DataFolder(folder.home / "not there"))
    monkeypatch.setattr(DataFolder, "is_writable", False)
    with pytest.raises(DataFolderUnusable, match="can only be read"):
        refuse_read_only(folder)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make files in another user's folder")
def test_root_leaves_no_file_that_the_owner_cannot_use(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    os.chown(tmp_path / "home", 12345, 12346)
    folder = DataFolder(tmp_path / "home").create()
    with locked(folder):
        pass
    assert {12345} == {path.stat().st_uid for path in folder.home.rglob("*")}
    with locked(folder):
        pass
