"""An incomplete library is refused with what to do, and the copy keeps apart from the original."""

import pytest

from appliance.infrastructure.settings import Settings
from server.benchmarks.footprint.site import LibraryIncomplete, RunsAlready, check_complete, environment_of_copy
from server.bootstrap import Appliance
from server.supervision import note_address


def test_a_library_that_lacks_things_is_refused_with_a_command_for_each(appliance: Appliance) -> None:
    with pytest.raises(LibraryIncomplete) as refused:
        check_complete(appliance)

    for what, command in (
        ("a complete index", "`lampstand index`"),
        ("cross references", "`lampstand library fetch cross-references`"),
        ("people, places and events", "`lampstand library fetch theographic`"),
        ("a Strong's dictionary", "packaging/run.sh"),
        ("the graph", "`lampstand graph build`"),
    ):
        assert what in refused.value.message
        assert command in refused.value.remedy


def test_a_folder_that_is_served_is_refused(appliance: Appliance) -> None:
    note_address(appliance.folder, "http://127.0.0.1:1")

    with pytest.raises(RunsAlready):
        check_complete(appliance)


def test_the_copy_has_no_queues_or_models_of_the_original() -> None:
    environment = {"PATH": "/bin", "LAMPSTAND_QUEUES_ADDRESS": "redis://queues", "LAMPSTAND_HOME": "/data"}
    settings = Settings(models_address="http://models", embedded_translation="KJV")

    assert {
        "PATH": "/bin",
        "LAMPSTAND_DEFAULT_TRANSLATION": "WEB",
        "LAMPSTAND_EMBEDDED_TRANSLATION": "KJV",
        "LAMPSTAND_EMBEDDING_MODEL": settings.embedding_model,
    } == environment_of_copy(environment, settings)
