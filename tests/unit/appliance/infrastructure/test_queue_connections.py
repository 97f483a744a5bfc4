"""The connection to a queue is opened at its first use."""

from pathlib import Path

import pytest

from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.queue import QueueAddressInvalid
from appliance.infrastructure.queue_connections import QueueConnections


def test_each_queue_has_one_connection_which_creates_its_file(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path).create()
    connections = QueueConnections(folder, "")

    assert not folder.queue_db("library").exists()
    library = connections.to("library")
    assert folder.queue_db("library").exists()
    assert library is connections.to("library")
    assert library is not connections.to("ocr")
    connections.close()


def test_an_invalid_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QueueAddressInvalid, match="is not a valid address of job queues"):
        QueueConnections(DataFolder(tmp_path).create(), "carrier-pigeon://loft").to("library")
