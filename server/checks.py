"""The checks of `lampstand doctor`."""

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from appliance.infrastructure.confinement import confinement_here
from appliance.infrastructure.damage import PeopleDataLost, check_not_lost
from appliance.infrastructure.database import Database
from appliance.infrastructure.database_errors import DatabaseDamaged
from appliance.infrastructure.exposed_keys import EXPOSED_KEYS, RENEW_KEYS
from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.space import in_words, parts_of
from appliance.scripture.translations import queries
from server.bootstrap import Appliance

MIN_FREE_GIB = 1.0
# The maximum number of names in a message.
MAX_NAMES = 6


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one check. If a check fails that is not `needed`, only some features do not work."""

    name: str
    ok: bool
    finding: str
    remedy: str = ""
    needed: bool = True


def run_checks(folder: DataFolder, open_appliance: Callable[[], Appliance]) -> list[Check]:
    """Run every check. If a database is damaged, skip the checks that open the appliance."""
    files = [
        _integrity(
            "Library",
            folder.library_db,
            "Move library.db to another folder. Then run ./packaging/run.sh again to rebuild the library.",
        ),
        _people(folder),
        _modes(folder),
    ]
    databases_ok = all(check.ok for check in files[:2])
    return [*files, _space(folder), _confinement(), *(_checks(open_appliance()) if databases_ok else ())]


def _people(folder: DataFolder) -> Check:
    try:
        check_not_lost(folder, Database(folder.appliance_db, ()))
    except PeopleDataLost as error:
        return Check(name="People's data", ok=False, finding=error.message, remedy=error.remedy)
    except DatabaseDamaged:
        pass  # the integrity check below reports the damage
    return _integrity(
        "People's data",
        folder.appliance_db,
        "Run `lampstand restore`. It restores the newest backup and keeps the damaged file.",
    )


def _modes(folder: DataFolder) -> Check:
    exposed_paths = folder.open_to_others()
    names = ", ".join(str(path) for path in exposed_paths[:MAX_NAMES]) + (
        " and more" if len(exposed_paths) > MAX_NAMES else ""
    )
    return Check(
        name="Privacy",
        ok=not exposed_paths,
        finding=f"other users of this machine can open {names}."
        if exposed_paths
        else "only this user can open people's data.",
        remedy="`lampstand doctor --repair` or the next start removes their access.",
    )


def _space(folder: DataFolder) -> Check:
    free = shutil.disk_usage(folder.home).free / 2**30 if folder.home.exists() else 0.0
    parts = ", ".join(f"{part.name} {in_words(part.bytes)}" for part in parts_of(folder)[:MAX_NAMES])
    return Check(
        name="Disk",
        ok=free >= MIN_FREE_GIB,
        finding=f"{free:.1f} GiB free. The data folder holds {parts or 'nothing'}.",
        remedy="Free at least 1 GiB.",
    )


def _confinement() -> Check:
    confinement = confinement_here()
    missing = " and no ".join(
        name
        for name, available in (("Landlock", confinement.landlock), ("seccomp", confinement.seccomp))
        if not available
    )
    return Check(
        name="Cypher queries",
        ok=not missing,
        needed=False,
        finding=f"confined only by resource limits: this machine has no {missing}."
        if missing
        else "confined by Landlock and seccomp.",
        remedy="Landlock needs Linux 5.13 or later; `apt-get install libseccomp2` installs seccomp. `docs/security.md` explains both.",
    )


def _checks(appliance: Appliance) -> Iterator[Check]:
    translations = queries.translations(appliance.library)
    yield Check(
        name="Translations",
        ok=bool(translations),
        finding=", ".join(translation.id for translation in translations) or "none.",
        remedy="Run `lampstand library import FILE`.",
    )
    exposed = appliance.certificate.keys_are_exposed
    yield Check(
        name="HTTPS keys",
        ok=not exposed,
        finding=EXPOSED_KEYS if exposed else "kept secret.",
        remedy=RENEW_KEYS,
    )
    yield Check(
        name="Embedding runtime",
        ok=appliance.can_embed(),
        needed=False,
        finding="installed."
        if appliance.can_embed()
        else "not installed: search by words works, search by meaning does not.",
        remedy="Run ./packaging/run.sh again.",
    )
    index = appliance.derived.index_state()
    yield Check(
        name="Search by meaning",
        ok=index.complete,
        needed=False,
        finding=f"{index.embedded:,} of {index.total:,} verses.",
        remedy="Run `lampstand index` to embed the other verses.",
    )
    llama = importlib.util.find_spec("llama_cpp") is not None
    yield Check(
        name="Chat runtime",
        ok=llama,
        needed=False,
        finding="llama-cpp-python is installed."
        if llama
        else "llama-cpp-python is not installed: answers only quote passages.",
        remedy="Run `pip install 'lampstand[chat]'`. This command needs a C++ compiler.",
    )
    failed = [job for job in appliance.jobs.latest(20) if job.state == "failed"]
    yield Check(
        name="Jobs",
        ok=not failed,
        needed=False,
        finding=f"{len(failed)} of the last 20 failed." if failed else "OK.",
        remedy=" ".join(f"{job.title}: {job.error}" for job in failed[:3]),
    )


def _integrity(name: str, path: Path, remedy: str) -> Check:
    finding = Database(path, ()).integrity() if path.exists() else "ok"
    return Check(name=name, ok=finding == "ok", finding="OK." if finding == "ok" else finding, remedy=remedy)
