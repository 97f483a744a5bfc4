"""`lampstand tls`: creating and showing certificates, creating new keys, and the warning about old keys."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fakes.command_home import CommandHome

from appliance.infrastructure.certificates import CertificateUnusable, describe
from appliance.infrastructure.exposed_keys import EXPOSED_KEYS, MARK
from server.checks import run_checks
from server.cli import lampstand
from server.cli.context import Home
from server.cli.running import _greeting
from server.cli.tls import tls


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
    assert "show a warning until they trust the new authority" in declined.output

    confirmed = run(home, ["tls", "renew", "--new-authority"], answer="y\n")
    assert 0 == confirmed.exit_code
    assert before != authority(home)
    assert "/trust" in confirmed.output
    assert authority(home) in confirmed.output


def test_a_certificate_from_another_tool_is_not_renewed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, file in (("LAMPSTAND_TLS_CERTIFICATE", "server.crt"), ("LAMPSTAND_TLS_KEY", "server.key")):
        monkeypatch.setenv(name, str(home.folder.tls / file))

    with pytest.raises(CertificateUnusable, match="the setting tls_certificate names it"):
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


def test_init_creates_an_authority_and_a_certificate_for_this_machine(new_home: CommandHome) -> None:
    first, second = new_home.run(tls, "init").output.splitlines()

    assert first.startswith(f"{new_home.folder.tls / 'server.crt'} is for ")
    assert "localhost" in first
    assert f"The authority's SHA-256 is {authority(new_home)}." == second
    assert 0o600 == (new_home.folder.tls / "server.key").stat().st_mode & 0o777


def test_init_keeps_certificates_that_are_still_valid(new_home: CommandHome) -> None:
    first, second = (new_home.run(tls, "init").output for _ in range(2))

    assert first == second


def test_show_prints_names_fingerprints_and_expiry_dates(new_home: CommandHome) -> None:
    output = new_home.run(tls, "show").output
    certificates = {name: describe(new_home.folder.tls / f"{name}.crt") for name in ("server", "authority")}

    for certificate in certificates.values():
        assert f"  SHA-256 {certificate.fingerprint}\n" in output
        assert f"{certificate.subject}, expires on {certificate.expires_at:%d %B %Y}\n" in output
    assert f"  for {', '.join(certificates['server'].names)}\n" in output
    # An authority has no names of machines.
    assert 1 == output.count("\n  for ")


def test_json_of_show_describes_both_certificates(new_home: CommandHome) -> None:
    shown = json.loads(new_home.run(tls, "show", "--json").output)

    assert ["certificate", "authority"] == list(shown)
    assert "localhost" in shown["certificate"]["names"]
    assert authority(new_home) == shown["authority"]["fingerprint"]


def test_a_certificate_from_another_tool_is_shown_without_an_authority(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, file in (("LAMPSTAND_TLS_CERTIFICATE", "server.crt"), ("LAMPSTAND_TLS_KEY", "server.key")):
        monkeypatch.setenv(name, str(home.folder.tls / file))
    other = CommandHome(tmp_path / "other")

    assert ["certificate"] == list(json.loads(other.run(tls, "show", "--json").output))
    assert "authority" not in other.run(tls, "init").output
    other.close()
