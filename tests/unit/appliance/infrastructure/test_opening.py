"""Files that users name or upload."""

import os
import socket
from pathlib import Path

import pytest

from appliance.errors import ApplianceError
from appliance.infrastructure.certificates import CertificateUnusable, check_own
from appliance.infrastructure.opening import FileRefused, files_inside, open_regular, read_regular, shown_name
from appliance.infrastructure.settings import InvalidSettings, load_settings


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"In the beginning")

    assert b"In the beginning" == read_regular(tmp_path / "text")
    with open_regular(tmp_path / "text") as file:
        assert b"In" == file.read(2)
        assert not os.get_inheritable(file.fileno())


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    # The path of a socket has at most 108 bytes, so this one is created from within its folder.
    listening = socket.socket(socket.AF_UNIX)
    current_folder = os.open(".", os.O_RDONLY)
    try:
        os.chdir(tmp_path)
        listening.bind("socket")
    finally:
        os.fchdir(current_folder)
        os.close(current_folder)
    link = tmp_path / "link"
    link.symlink_to("/dev/zero")
    refused = [pipe(tmp_path / "pipe"), tmp_path / "socket", tmp_path, Path("/dev/zero"), link]
    with listening:
        for path in refused:
            with pytest.raises(FileRefused, match="is not a regular file"):
                open_regular(path)


@pytest.mark.parametrize("name", ["missing", "a" * 300, "a\0b", "\ud800", "circle"])
def test_a_path_that_cannot_be_opened_is_refused_with_a_message(tmp_path: Path, name: str) -> None:
    (tmp_path / "circle").symlink_to("circle")
    for inside in (None, tmp_path):
        with pytest.raises(FileRefused) as refusal:
            open_regular(tmp_path / name, inside=inside)
        assert refusal.value.remedy
        assert "\ud800" not in str(refusal.value)
        assert "embedded" not in str(refusal.value)


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 11)

    assert b"x" * 11 == read_regular(tmp_path / "large", max_bytes=11)
    with pytest.raises(FileRefused, match="larger than 10 bytes"):
        read_regular(tmp_path / "large", max_bytes=10)


def test_a_file_without_a_known_size_is_read_up_to_the_limit() -> None:
    with pytest.raises(FileRefused, match="larger than 100 bytes"):
        read_regular(Path("/proc/self/status"), max_bytes=100)


def test_links_stay_inside_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "text").write_text("inside")
    (tmp_path / "secret").write_text("outside")
    (folder / "relative").symlink_to("below/text")
    (folder / "absolute").symlink_to(folder / "below" / "text")
    (folder / "to-folder").symlink_to("below")
    (folder / "out").symlink_to("../secret")
    (folder / "out-of-all").symlink_to("/etc/passwd")
    (folder / "out-by-folder").symlink_to(tmp_path)

    for name in ("below/text", "relative", "absolute", "to-folder/text", "to-folder/../below/text"):
        assert b"inside" == read_regular(folder / name, inside=folder)
    for name in ("out", "out-of-all", "out-by-folder/secret", "../secret", "below/../../secret"):
        with pytest.raises(FileRefused, match="is a link that leads out of its folder"):
            read_regular(folder / name, inside=folder)


def test_the_folder_itself_can_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "text").write_text("inside")
    (tmp_path / "link").symlink_to("real")

    assert b"inside" == read_regular(tmp_path / "link" / "text", inside=tmp_path / "link")


def test_a_folder_with_a_similar_name_is_outside(tmp_path: Path) -> None:
    for name in ("texts", "texts-of-another"):
        (tmp_path / name).mkdir()
    (tmp_path / "texts-of-another" / "text").write_text("outside")

    with pytest.raises(FileRefused, match="is a link that leads out of its folder"):
        read_regular(tmp_path / "texts-of-another" / "text", inside=tmp_path / "texts")


def test_the_files_of_a_folder_are_listed_up_to_a_limit(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/two", "one", "b/three"):
        (tmp_path / name).touch()
    (tmp_path / "circle").symlink_to(tmp_path)
    pipe(tmp_path / "pipe")

    assert ["b/three", "b/two", "one", "pipe"] == [str(path.relative_to(tmp_path)) for path in files_inside(tmp_path)]
    with pytest.raises(FileRefused, match="more than 3 files"):
        files_inside(tmp_path, max_files=3)


def test_names_are_shown_as_one_line_of_text() -> None:
    assert "a�b.usfm" == shown_name(Path(os.fsdecode(b"a\xffb.usfm")))
    assert "�[31mred" == shown_name(Path("\x1b[31mred"))
    assert 80 == len(shown_name(Path("x" * 300)))


def test_settings_and_certificates_are_regular_files(tmp_path: Path) -> None:
    pipe(tmp_path / "settings.toml")
    with pytest.raises(InvalidSettings, match="is not a regular file"):
        load_settings(tmp_path)
    with pytest.raises(CertificateUnusable, match="is not a regular file"):
        check_own(tmp_path / "settings.toml", Path("/dev/zero"))


@pytest.mark.parametrize("content", [b"\xff", b"port = " + b"9" * 5000, b"a = " + b"[" * 5000, b"\0", b"port = ["])
def test_settings_that_cannot_be_parsed_are_reported_with_a_message(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "settings.toml").write_bytes(content)
    with pytest.raises(ApplianceError) as refusal:
        load_settings(tmp_path)
    assert "digits" not in str(refusal.value)
    assert "recursion" not in str(refusal.value)
