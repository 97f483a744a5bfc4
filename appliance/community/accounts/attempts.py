"""Guessing is slow: failed attempts are counted by account and by device, over a quarter of an hour.

Nobody can lock another person out. A device that fails too often is refused. An account with too many failures is closed
for devices that have failed on it; a device that has not failed on it still has one attempt. So a guesser gets one more
guess per device, and devices of one network share a limited number of those.

An attempt counts from its beginning, so that parallel guesses are not free: its unit of work is committed before the
password or the code is checked.
"""

import math
from collections.abc import Mapping

import msgspec

from appliance.community.accounts import store
from appliance.community.accounts.person import TooManyAttempts
from appliance.infrastructure.database import UnitOfWork
from appliance.infrastructure.networks import OWN_LINKS, Caller, OwnLinks

WINDOW_S = 900.0
MAX_FOR_ONE_FROM_ONE, MAX_FOR_ONE, MAX_FROM_ONE = 5, 50, 30
# First attempts at a closed account, for all devices of one network together. A network of IPv4 in a house has 253
# devices, so people are not refused by it; over IPv6 one device can take any number of addresses. 96,000 guesses a day
# are few beside the 887,503,681 class codes and the 100,000,000 guesses that a password must withstand.
MAX_FIRST_FROM_NETWORK = 1_000


class Attempt(msgspec.Struct, frozen=True):
    """A running attempt: its rows, and the name that this account from this device is counted under."""

    rows: tuple[int, ...]
    pair: str


def begin_attempt(work: UnitOfWork, account: str, address: str, *, now: float, links: OwnLinks = OWN_LINKS) -> Attempt:
    """Count an attempt as failed until it succeeds. `account` is a name, or the kind of a code.

    Raises TooManyAttempts where the account or the device has too many failures.
    """
    caller = links.caller(address)
    pair, everywhere, device = f"{account}\n{caller.device}", f"account {account}", f"address {caller.device}"
    counted = [pair, everywhere, device]
    work.execute(store.DELETE_OLD_ATTEMPTS, {"since": now - WINDOW_S})
    _refuse_beyond(work, {pair: MAX_FOR_ONE_FROM_ONE, device: MAX_FROM_ONE}, now)
    if _count(work, everywhere, now)[0] >= MAX_FOR_ONE:
        first = _first_from_network(account, caller)
        _refuse_beyond(work, {pair: 1, first: MAX_FIRST_FROM_NETWORK}, now)
        counted.append(first)
    rows = []
    for name in counted:
        work.execute(store.INSERT_ATTEMPT, {"what": name, "at": now})
        rows.append(work.last_insert_id)
    return Attempt(tuple(rows), pair)


def attempt_succeeded(work: UnitOfWork, attempt: Attempt) -> None:
    """Delete the attempt, and the failures of this device on this account before it."""
    work.execute_many(store.DELETE_ATTEMPT, [(row,) for row in attempt.rows])
    work.execute(store.DELETE_ATTEMPTS, (attempt.pair,))


def _first_from_network(account: str, caller: Caller) -> str:
    return f"first {account}\n{caller.network}"


def _refuse_beyond(work: UnitOfWork, limits: Mapping[str, int], now: float) -> None:
    """Raises TooManyAttempts."""
    for name, most in limits.items():
        count, first = _count(work, name, now)
        if count >= most:
            raise _too_many(max(1.0, first + WINDOW_S - now))


def _count(work: UnitOfWork, name: str, now: float) -> tuple[int, float]:
    """How many attempts are counted under a name, and the time of the first."""
    count, first = work.execute(store.COUNT_ATTEMPTS, {"what": name, "since": now - WINDOW_S})[0]
    return int(count), float(first or now)


def _too_many(wait_s: float) -> TooManyAttempts:
    minutes = math.ceil(wait_s / 60)
    return TooManyAttempts(
        "Too many failed attempts.",
        remedy=f"Try again in {minutes} {'minute' if minutes == 1 else 'minutes'}, or ask an administrator.",
        retry_after_s=wait_s,
    )
