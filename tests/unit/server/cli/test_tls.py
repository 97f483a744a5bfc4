"""`lampstand tls`: creating new keys, and the warning about old keys."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.infrastructure.certificates import CertificateUnusable, describe
from appliance.infrastructure.exposed_keys import EXPOSED_KEYS, MARK
from server.checks import run_checks
from server.cli import lampstand
from server.cli.context import Home
from server.cli.running import _greeting


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home", None)
    assert 0 == run(home, ["tls", "init"]).exit_code
    return home


def run(home: Home, arguments: Sequence[str], answer: str = "") -> Result:
    return CliRunner().invoke(lampstand, ["--home", str(home.path), *arguments], input=answer)


def authority(home: Home) -> str:
    return describe(home.folder.tls / "authority.crt").fingerprint


def test_renewing_keeps_the_authority(home: Home) -> None:
    before = authority(home), describe(home.folder.tls / "server.crt").fingerprint
    result = run(home, ["tls", "renew"])

    assert (0, before[0]) == (result.exit_code, authority(home))
    assert before[1] != describe(home.folder.tls / "server.crt").fingerprint
    assert "/trust" not in result.output


def test_a_new_authority_is_created_only_after_confirmation(home: Home) -> None:
    before = authority(home)
    declined = run(home, ["tls", "renew", "--new-authority"], answer="n\n")
    assert (1, before) == (declined.exit_code, authority(home))
    assert "show a warning until they trust the new one" in declined.output

    confirmed = run(home, ["tls", "renew", "--new-authority"], answer="y\n")
    assert 0 == confirmed.exit_code
    assert before != authority(home)
    assert "/trust" in confirmed.output
    assert authority(home) in confirmed.output


def test_a_certificate_from_another_tool_is_not_renewed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, file in (("LAMPSTAND_TLS_CERTIFICATE", "server.crt"), ("LAMPSTAND_TLS_KEY", "server.key")):
        monkeypatch.setenv(name, str(home.folder.tls / file))

    with pytest.raises(CertificateUnusable, match="set by the setting tls_certificate"):
        CliRunner().invoke(
            lampstand, ["--home", str(home.path), "tls", "renew"], catch_exceptions=False, standalone_mode=False
        )


def test_keys_of_an_earlier_version_cause_a_warning_until_they_are_renewed(home: Home) -> None:
    def warnings() -> tuple[bool, bool]:
        (check,) = (found for found in run_checks(home.folder, home.open) if found.name == "HTTPS keys")
        appliance = home.open()
        greeting = "\n".join(map(str, _greeting(appliance)))
        appliance.close()
        assert check.ok or (check.needed and "--new-authority" in check.remedy and check.finding == EXPOSED_KEYS)
        return not check.ok, EXPOSED_KEYS in greeting

    assert (False, False) == warnings()
    (home.folder.tls / MARK).unlink()
    assert (True, True) == warnings()
    assert 0 == run(home, ["tls", "renew", "--new-authority", "--yes"]).exit_code
    assert (False, False) == warnings()
