"""A queue is connected to when it is first used."""

from pathlib import Path

import pytest

from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.queue import QueueAddressInvalid
from appliance.infrastructure.queue_connections import QueueConnections


def test_each_queue_has_one_connection_and_its_file_appears_with_it(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path).create()
    connections = QueueConnections(folder, "")

    assert not folder.queue_db("library").exists()
    library = connections.to("library")
    assert folder.queue_db("library").exists()
    assert library is connections.to("library")
    assert library is not connections.to("ocr")
    connections.close()


def test_an_address_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QueueAddressInvalid, match="no address of queues"):
        QueueConnections(DataFolder(tmp_path).create(), "carrier-pigeon://loft").to("library")
