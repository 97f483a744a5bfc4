"""A probe of this machine with the real libraries."""

import asyncio

from models.probe.probe import probe_machine


def test_a_full_probe_reports_what_the_installed_libraries_can_use() -> None:
    resources = asyncio.run(probe_machine(libraries=True))
    by_name = {library.name: library for library in resources.libraries}

    assert resources.processor.cores >= 1
    assert 0 < resources.memory.available <= resources.memory.total
    assert by_name["llama-cpp-python"].version
    assert by_name["torch"].version
    assert "CPUExecutionProvider" in by_name["onnxruntime"].finding
