"""What publishers offer, fetched from a server of this machine and imported."""

import hashlib
import io
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.breaking_server import breaking_server

Run = Callable[..., subprocess.CompletedProcess[str]]
LINKS = "From Verse\tTo Verse\tVotes\t#www.openbible.info CC-BY 2026-01-05\nGen.1.1\tJohn.1.1-John.1.3\t369\nGen.1.1\tHeb.11.3\t148\n"
PEOPLE = "personLookup,displayTitle,name,surname,alsoCalled,birthYear,minYear,dictText,verses\nruth_1,Ruth,Ruth,,,,,,Ruth.1.4\n"


def packed(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), text)
    return buffer.getvalue()


def test_cross_references_are_brought_checked_and_imported(lampstand: Run, tmp_path: Path) -> None:
    content = packed(cross_references_dot_txt=LINKS)
    digest = hashlib.sha256(content).hexdigest()
    with breaking_server(content) as server:
        server.breaks = [100]
        ran = lampstand(
            "library",
            "fetch",
            "cross-references",
            "--from",
            f"{server.url}/cross-references.zip",
            "--sha256",
            digest,
            home=tmp_path,
        )
    listed = lampstand("library", "list", home=tmp_path).stdout

    assert 0 == ran.returncode, ran.stderr
    assert digest in ran.stdout
    assert "OpenBibleLinks" in listed
    assert "2 cross references" in listed


def test_people_are_found_in_a_packed_repository(lampstand: Run, tmp_path: Path) -> None:
    with breaking_server(
        packed(theographic_master__CSV__People_dot_csv=PEOPLE, theographic_master__README_dot_md="…")
    ) as server:
        ran = lampstand("library", "fetch", "theographic", "--from", f"{server.url}/master.zip", home=tmp_path)

    assert "Theographic: 1 imported" in ran.stdout


def test_another_file_than_the_one_that_was_meant_is_refused(lampstand: Run, tmp_path: Path) -> None:
    with breaking_server(packed(cross_references_dot_txt=LINKS)) as server:
        ran = lampstand(
            "library", "fetch", "cross-references", "--from", f"{server.url}/x.zip", "--sha256", "0" * 64, home=tmp_path
        )

    assert 0 != ran.returncode
    assert "is not what it should be" in ran.stderr
    assert "cross references" not in lampstand("library", "list", home=tmp_path).stdout


@pytest.mark.parametrize("name", ["cross-references", "topics", "theographic"])
def test_without_a_network_it_says_so(lampstand: Run, tmp_path: Path, name: str) -> None:
    ran = lampstand("library", "fetch", name, "--from", "http://127.0.0.1:9/nothing.zip", home=tmp_path)

    assert 0 != ran.returncode
    assert "Traceback" not in ran.stderr
    assert len(ran.stderr.strip().splitlines()) <= 3
