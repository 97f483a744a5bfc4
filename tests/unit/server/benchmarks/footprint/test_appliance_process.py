"""Requests are counted, and every wait has a time limit."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from appliance.scripture.translations.translation import Translation
from server.benchmarks.footprint.appliance_process import RequestLimit, Running
from server.benchmarks.footprint.queries import Material
from server.benchmarks.footprint.site import FootprintSite
from server.benchmarks.helper_process import MeasurementFailed


@pytest.fixture
def appliance(tmp_path: Path) -> Iterator[Running]:
    """A program that runs and serves nothing, instead of Lampstand."""
    translation = Translation(
        id="", name="", language="", versification="", licence="", attribution="", source="", digest="", verses=0
    )
    site = FootprintSite(
        home=tmp_path, environment={}, token="", translation=translation, material=Material([], [], [])
    )
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    appliance = Running(site, "http://127.0.0.1:1", process, RequestLimit())
    yield appliance
    appliance.close()
    process.communicate(b"\n")


def test_requests_beyond_the_limit_are_not_sent() -> None:
    limit, request = RequestLimit(2), httpx.Request("GET", "http://127.0.0.1/")
    limit.count_request(request)
    limit.count_request(request)

    with pytest.raises(MeasurementFailed, match="more than 2 requests"):
        limit.count_request(request)


def test_clients_count_their_requests() -> None:
    limit = RequestLimit()
    with limit.client(transport=httpx.MockTransport(lambda _request: httpx.Response(200))) as client:
        client.get("http://127.0.0.1/")

    assert 1 == limit.count


def test_the_first_true_answer_is_returned(appliance: Running) -> None:
    answers = iter([None, "", "ready"])

    assert "ready" == appliance.wait_for(lambda: next(answers), "never")


def test_waiting_stops_at_its_time_limit(appliance: Running) -> None:
    with pytest.raises(MeasurementFailed, match="It did not happen"):
        appliance.wait_for(lambda: False, "It did not happen.", limit_s=0.1)


def test_waiting_stops_when_the_process_ends(appliance: Running) -> None:
    appliance.process.kill()
    appliance.process.wait()

    with pytest.raises(MeasurementFailed, match="not served"):
        appliance.await_page()


def test_the_memory_of_the_process_is_measured(appliance: Running) -> None:
    assert 1 == len(appliance.memory())
