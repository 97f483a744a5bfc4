"""The runtime's settings."""

from pathlib import Path

import msgspec
import pytest

from models.catalogue.model import ModelRole
from models.errors import RequestInvalid
from models.settings import RoleSettings, RuntimeSettings, Strategy, load_settings

DOCS = Path(__file__).parents[3] / "docs" / "settings.md"


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert RuntimeSettings() == load_settings(tmp_path)


def test_a_role_has_settings_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "runtime.toml").write_text('context = 4096\n[chat]\nstrategy = "pinned"\nidle_unload_s = 0\n')
    found = load_settings(tmp_path)

    assert (Strategy.PINNED, 0) == (found.role(ModelRole.CHAT).strategy, found.role(ModelRole.CHAT).idle_unload_s)
    assert (Strategy.LAZY, 4096) == (found.role(ModelRole.EMBED).strategy, found.context)


@pytest.mark.parametrize("content", ["contxt = 1", "context = 'long'", "[chat]\nstrategy = 'often'", "context ="])
def test_what_is_wrong_is_named_with_its_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "runtime.toml").write_text(content)

    with pytest.raises(RequestInvalid, match=r"runtime\.toml cannot be used"):
        load_settings(tmp_path)


@pytest.mark.parametrize("struct", [RuntimeSettings, RoleSettings])
def test_every_setting_is_documented_with_its_default(struct: type[msgspec.Struct]) -> None:
    page = DOCS.read_text(encoding="utf-8")
    fields = [field for field in msgspec.structs.fields(struct) if field.name not in {role.value for role in ModelRole}]

    assert [] == [
        field.name
        for field in fields
        if f"| `{field.name}` | `{msgspec.json.encode(field.default).decode()}` |" not in page
    ]
