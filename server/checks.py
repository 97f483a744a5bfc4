"""What `lampstand doctor` looks at."""

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
# Names that a sentence lists.
SHOWN = 6


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at. What is not `needed` may be absent: it only limits what can be done."""

    what: str
    ok: bool
    finding: str
    remedy: str = ""
    needed: bool = True


def run_checks(folder: DataFolder, open_appliance: Callable[[], Appliance]) -> list[Check]:
    """Every check; where a database is damaged, only those of the files, which tell what to do about it."""
    files = [
        _integrity(
            "Library", folder.library_db, "Move library.db away and run ./packaging/run.sh again: it can be rebuilt."
        ),
        _people(folder),
        _modes(folder),
    ]
    whole = all(check.ok for check in files[:2])
    return [*files, _space(folder), _confinement(), *(_checks(open_appliance()) if whole else ())]


def _people(folder: DataFolder) -> Check:
    try:
        check_not_lost(folder, Database(folder.appliance_db, ()))
    except PeopleDataLost as error:
        return Check(what="People's data", ok=False, finding=error.message, remedy=error.remedy)
    except DatabaseDamaged:
        pass  # the check of the file says what is wrong with it
    return _integrity(
        "People's data",
        folder.appliance_db,
        "`lampstand restore` puts the newest backup in its place, and keeps the damaged file.",
    )


def _modes(folder: DataFolder) -> Check:
    opened = folder.open_to_others()
    names = ", ".join(str(path) for path in opened[:SHOWN]) + (" and more" if len(opened) > SHOWN else "")
    return Check(
        what="Privacy",
        ok=not opened,
        finding=f"other users of this machine can open {names}."
        if opened
        else "only this user can open people's data.",
        remedy="`lampstand doctor --repair` takes their rights away. So does the next start.",
    )


def _space(folder: DataFolder) -> Check:
    free = shutil.disk_usage(folder.home).free / 2**30 if folder.home.exists() else 0.0
    parts = ", ".join(f"{part.name} {in_words(part.bytes)}" for part in parts_of(folder)[:SHOWN])
    return Check(
        what="Disk",
        ok=free >= MIN_FREE_GIB,
        finding=f"{free:.1f} GiB free. The data folder holds {parts or 'nothing'}.",
        remedy="Free at least 1 GiB.",
    )


def _confinement() -> Check:
    confinement = confinement_here()
    missing = " and no ".join(
        name for name, offered in (("Landlock", confinement.landlock), ("seccomp", confinement.seccomp)) if not offered
    )
    return Check(
        what="Queries in Cypher",
        ok=not missing,
        needed=False,
        finding=f"confined by limits alone: this machine has no {missing}."
        if missing
        else "confined by Landlock and seccomp.",
        remedy="Kernels from 5.13 on have Landlock, and `apt-get install libseccomp2` brings seccomp. `docs/security.md` says what each prevents.",
    )


def _checks(appliance: Appliance) -> Iterator[Check]:
    texts = queries.translations(appliance.library)
    yield Check(
        what="Texts",
        ok=bool(texts),
        finding=", ".join(text.id for text in texts) or "none.",
        remedy="`lampstand library import FILE` brings one.",
    )
    exposed = appliance.certificate.keys_are_exposed
    yield Check(
        what="Keys of HTTPS",
        ok=not exposed,
        finding=EXPOSED_KEYS if exposed else "kept secret.",
        remedy=RENEW_KEYS,
    )
    yield Check(
        what="Embedding runtime",
        ok=appliance.can_embed(),
        needed=False,
        finding="installed." if appliance.can_embed() else "not installed: words are searched, meaning is not.",
        remedy="Run ./packaging/run.sh again.",
    )
    index = appliance.derived.index_state()
    yield Check(
        what="Search by meaning",
        ok=index.complete,
        needed=False,
        finding=f"{index.embedded:,} of {index.total:,} verses.",
        remedy="`lampstand index` prepares the rest.",
    )
    llama = importlib.util.find_spec("llama_cpp") is not None
    yield Check(
        what="Chat runtime",
        ok=llama,
        needed=False,
        finding="llama-cpp-python is installed."
        if llama
        else "llama-cpp-python is not installed: answers quote passages.",
        remedy="`pip install 'lampstand[chat]'` compiles it, which needs a C++ compiler.",
    )
    failed = [job for job in appliance.jobs.latest(20) if job.state == "failed"]
    yield Check(
        what="Jobs",
        ok=not failed,
        needed=False,
        finding=f"{len(failed)} of the last 20 failed." if failed else "none failed.",
        remedy=" ".join(f"{job.title}: {job.error}" for job in failed[:3]),
    )


def _integrity(what: str, path: Path, remedy: str) -> Check:
    finding = Database(path, ()).integrity() if path.exists() else "ok"
    return Check(what=what, ok=finding == "ok", finding="whole." if finding == "ok" else finding, remedy=remedy)
