"""An incomplete library is rejected with commands to run, and the copy is separate from the original."""

import pytest

from appliance.infrastructure.settings import Settings
from server.benchmarks.footprint.site import DataFolderServed, LibraryIncomplete, check_complete, environment_of_copy
from server.bootstrap import Appliance
from server.supervision import note_address


def test_an_incomplete_library_is_rejected_with_a_command_for_each_missing_item(appliance: Appliance) -> None:
    with pytest.raises(LibraryIncomplete) as error:
        check_complete(appliance)

    for name, command in (
        ("a complete index", "`lampstand index`"),
        ("cross references", "`lampstand library download cross-references`"),
        ("people, places and events", "`lampstand library download theographic`"),
        ("a Strong's dictionary", "packaging/run.sh"),
        ("the graph", "`lampstand graph build`"),
    ):
        assert name in error.value.message
        assert command in error.value.remedy


def test_a_folder_that_a_server_uses_is_rejected(appliance: Appliance) -> None:
    note_address(appliance.folder, "http://127.0.0.1:1")

    with pytest.raises(DataFolderServed):
        check_complete(appliance)


def test_the_copy_does_not_use_queues_or_models_of_the_original() -> None:
    environment = {"PATH": "/bin", "LAMPSTAND_QUEUES_ADDRESS": "redis://queues", "LAMPSTAND_HOME": "/data"}
    settings = Settings(models_address="http://models", embedded_translation="KJV")

    assert {
        "PATH": "/bin",
        "LAMPSTAND_DEFAULT_TRANSLATION": "WEB",
        "LAMPSTAND_EMBEDDED_TRANSLATION": "KJV",
        "LAMPSTAND_EMBEDDING_MODEL": settings.embedding_model,
    } == environment_of_copy(environment, settings)
