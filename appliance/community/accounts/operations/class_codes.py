"""Class codes. With a class code, people join and give only their name."""

from appliance.community.accounts import store
from appliance.community.accounts.events import ClassClosed, ClassOpened, append_access_changed
from appliance.community.accounts.names import MAX_NAME
from appliance.community.accounts.permissions import LEADERS, Role
from appliance.community.accounts.person import ClassCode, ClassCodeNotFound, NameInvalid, NotAllowed, Person
from appliance.community.accounts.secret_tokens import new_code, plain_code
from appliance.infrastructure.database import UnitOfWork
from appliance.infrastructure.events import append_event

CLASS_CODE_LENGTH = 6
MAX_HOURS = 24 * 120


def open_class(work: UnitOfWork, *, leader: Person, name: str, hours: float, now: float) -> ClassCode:
    """Create a class code that is valid for some hours. Raises NameInvalid."""
    name = " ".join(name.split())
    if not 0 < hours <= MAX_HOURS:
        raise NameInvalid(f"A class can be open for at most {MAX_HOURS // 24} days.", remedy="Choose a shorter time.")
    if not 0 < len(name) <= MAX_NAME:
        raise NameInvalid("A class name must have 1 to 60 characters.", remedy="For example: Sunday evening.")
    row = {"code": plain_code(new_code(CLASS_CODE_LENGTH)), "name": name, "opened_by": leader.id, "now": now}
    work.execute(store.INSERT_CLASS, row | {"expires_at": now + hours * 3600})
    opened = store.class_of(work.execute(store.SELECT_CLASS, (work.last_insert_id,))[0])
    append_event(work, ClassOpened(id=opened.id, name=opened.name), LEADERS, now=now)
    return opened


def close_class(work: UnitOfWork, class_id: int, *, leader: Person, now: float, sign_out: bool = False) -> ClassCode:
    """Close a class, so nobody can join with its code.

    `sign_out` also signs out the people who joined with this code and have no account.

    Leaders can close their own classes, administrators all classes. Raises ClassCodeNotFound or NotAllowed.
    """
    row = work.row(store.SELECT_CLASS, (class_id,))
    if row is None:
        raise ClassCodeNotFound("No class has this number.", remedy="Reload the list of classes.")
    if store.class_of(row).opened_by != leader.id and leader.role is not Role.ADMINISTRATOR:
        raise NotAllowed("Another leader opened this class.", remedy="Ask that leader or an administrator to close it.")
    if sign_out:
        work.execute(store.DELETE_SESSIONS_OF_CLASS, (class_id,))
        work.execute(store.DELETE_TOKENS_OF_CLASS, (class_id,))
        for (person,) in work.execute(store.SELECT_ONLY_OF_CLASS, (class_id,)):
            append_access_changed(work, person, now=now)
    work.execute(store.REVOKE_CLASS, {"class": class_id, "now": now})
    append_event(work, ClassClosed(id=class_id), LEADERS, now=now)
    return store.class_of(work.execute(store.SELECT_CLASS, (class_id,))[0])
