"""Settings: declared once, read from four sources, with errors that name the setting."""

from pathlib import Path

import pytest

from appliance.infrastructure.settings import InvalidSettings, Settings, load_settings

DOCS = Path(__file__).parents[4] / "docs"


def test_the_command_line_overrides_the_environment_which_overrides_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").write_text('port = 1000\nhost = "10.0.0.1"\nlog_level = "debug"\n')
    monkeypatch.setenv("LAMPSTAND_PORT", "2000")
    monkeypatch.setenv("LAMPSTAND_LOG_LEVEL", "error")

    settings = load_settings(tmp_path, log_level="warning", host=None)

    assert ("10.0.0.1", 2000, "warning") == (settings.host, settings.port, settings.log_level)


@pytest.mark.parametrize(
    ("line", "name"),
    [("prot = 1", "prot"), ("port = 0", "port"), ('log_level = "loud"', "log_level"), ("port =", "TOML")],
)
def test_the_error_names_the_invalid_setting_and_its_file(tmp_path: Path, line: str, name: str) -> None:
    (tmp_path / "settings.toml").write_text(line)

    with pytest.raises(InvalidSettings, match=name) as raised:
        load_settings(tmp_path)

    assert "settings.toml" in str(raised.value)


def test_every_setting_is_documented() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")

    assert [] == [name for name in Settings.__struct_fields__ if f"`{name}`" not in page]
