"""The runtime's settings."""

from pathlib import Path

import msgspec
import pytest

from models.catalogue.model import ModelRole
from models.errors import RequestInvalid
from models.settings import RoleSettings, RuntimeSettings, Strategy, load_settings

DOCS = Path(__file__).parents[3] / "docs" / "settings.md"


def test_without_a_file_the_defaults_apply(tmp_path: Path) -> None:
    assert RuntimeSettings() == load_settings(tmp_path)


def test_each_role_has_separate_settings(tmp_path: Path) -> None:
    (tmp_path / "runtime.toml").write_text('context = 4096\n[chat]\nstrategy = "pinned"\nidle_unload_s = 0\n')
    settings = load_settings(tmp_path)

    assert (Strategy.PINNED, 0) == (settings.role(ModelRole.CHAT).strategy, settings.role(ModelRole.CHAT).idle_unload_s)
    assert (Strategy.LAZY, 4096) == (settings.role(ModelRole.EMBED).strategy, settings.context)


@pytest.mark.parametrize("content", ["contxt = 1", "context = 'long'", "[chat]\nstrategy = 'often'", "context ="])
def test_the_error_of_an_invalid_setting_names_the_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "runtime.toml").write_text(content)

    with pytest.raises(RequestInvalid, match=r"runtime\.toml cannot be used"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    ("old_name", "name"), [("prefix_mib", "prefix_cache_mib"), ("writing_threads", "generation_threads")]
)
def test_an_old_name_of_a_setting_stops_with_the_new_name(tmp_path: Path, old_name: str, name: str) -> None:
    (tmp_path / "runtime.toml").write_text(f"{old_name} = 2")

    with pytest.raises(RequestInvalid, match=f"`{old_name}` in .*runtime.toml is now called `{name}`"):
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
