"""Library items of publishers are downloaded from a local server and imported."""

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


def test_cross_references_are_downloaded_checked_and_imported(lampstand: Run, tmp_path: Path) -> None:
    content = packed(cross_references_dot_txt=LINKS)
    digest = hashlib.sha256(content).hexdigest()
    with breaking_server(content) as server:
        server.breaks = [100]
        result = lampstand(
            "library",
            "download",
            "cross-references",
            "--from",
            f"{server.url}/cross-references.zip",
            "--sha256",
            digest,
            home=tmp_path,
        )
    listed = lampstand("library", "list", home=tmp_path).stdout

    assert 0 == result.returncode, result.stderr
    assert digest in result.stdout
    assert "OpenBibleLinks" in listed
    assert "2 cross references" in listed


def test_people_are_found_in_a_packed_repository(lampstand: Run, tmp_path: Path) -> None:
    with breaking_server(
        packed(theographic_master__CSV__People_dot_csv=PEOPLE, theographic_master__README_dot_md="…")
    ) as server:
        result = lampstand("library", "download", "theographic", "--from", f"{server.url}/master.zip", home=tmp_path)

    assert "Theographic: 1 imported" in result.stdout


def test_a_file_with_another_digest_is_refused(lampstand: Run, tmp_path: Path) -> None:
    with breaking_server(packed(cross_references_dot_txt=LINKS)) as server:
        result = lampstand(
            "library",
            "download",
            "cross-references",
            "--from",
            f"{server.url}/x.zip",
            "--sha256",
            "0" * 64,
            home=tmp_path,
        )

    assert 0 != result.returncode
    assert "has the wrong SHA-256" in result.stderr
    assert "cross references" not in lampstand("library", "list", home=tmp_path).stdout


@pytest.mark.parametrize("name", ["cross-references", "topics", "theographic"])
def test_a_missing_network_is_reported(lampstand: Run, tmp_path: Path, name: str) -> None:
    result = lampstand("library", "download", name, "--from", "http://127.0.0.1:9/nothing.zip", home=tmp_path)

    assert 0 != result.returncode
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) <= 3
