"""GPUs and libraries are probed in another process. Whatever happens to it, the caller gets a report."""

import asyncio
from pathlib import Path

import pytest
from fakes.python_program import replace_python, replace_python_by_output

from models.probe.devices import Gpu, GpuReport, Library
from models.probe.probe import Findings, probe_machine

FINDINGS = Findings(
    gpu=GpuReport(
        gpus=[Gpu(index=0, uuid="GPU-1", name="RTX 4060", total=8, free=7)], driver="550", finding="1 GPU can be used."
    ),
    libraries=[Library(name="torch", version="2.0", finding="It uses the CPU.")],
)


def test_the_findings_of_the_other_process_are_returned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_python_by_output(tmp_path, monkeypatch, FINDINGS)
    resources = asyncio.run(probe_machine(libraries=True))

    assert FINDINGS == Findings(gpu=resources.gpu, libraries=resources.libraries)
    assert resources.processor.cores >= 1
    assert 0 < resources.memory.available <= resources.memory.total


@pytest.mark.parametrize(("libraries", "arguments"), [(True, "models.probe --libraries"), (False, "models.probe")])
def test_libraries_are_probed_only_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, libraries: bool, arguments: str
) -> None:
    replace_python(tmp_path, monkeypatch, """shift 2; printf '{"gpu": {"finding": "%s"}}' "$*" """)

    assert arguments == asyncio.run(probe_machine(libraries=libraries)).gpu.finding


@pytest.mark.parametrize(
    ("script", "reason"),
    [("echo 'no driver' >&2; exit 1", "ended with status 1: no driver"), ("echo no JSON", "JSON is malformed")],
)
def test_a_process_that_fails_leaves_it_unsure_whether_there_are_gpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    replace_python(tmp_path, monkeypatch, script)
    report = asyncio.run(probe_machine()).gpu

    assert report.unsure
    assert [] == report.gpus
    assert report.finding.startswith("The GPUs could not be probed: ")
    assert reason in report.finding


def test_no_process_is_started_for_the_processor_and_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_python(tmp_path, monkeypatch, f"touch '{tmp_path}/started'")
    resources = asyncio.run(probe_machine(gpus=False))

    assert resources.processor.cores >= 1
    assert not (tmp_path / "started").exists()
