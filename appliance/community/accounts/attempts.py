"""Limits on failed attempts to sign in or to use a code, counted per account and per device over 15 minutes.

An attacker cannot lock out another person. A device with too many failures is refused. An account with too many failures
is closed for the devices that failed on it. Every other device still has one attempt. So an attacker gets one more guess
per device, and the devices of one network share a limited number of these guesses.

An attempt counts as soon as it starts, so parallel guesses count too. For this, the unit of work that stores the attempt
is committed before the password or the code is checked.
"""

import math
from collections.abc import Mapping

import msgspec

from appliance.community.accounts import store
from appliance.community.accounts.person import TooManyAttempts
from appliance.infrastructure.database import UnitOfWork
from appliance.infrastructure.networks import OWN_LINKS, Caller, OwnLinks

WINDOW_S = 900.0
MAX_PER_ACCOUNT_AND_DEVICE, MAX_PER_ACCOUNT, MAX_PER_DEVICE = 5, 50, 30
# The limit of first attempts on a closed account, for all devices of one network together. A local IPv4 network has at most
# 253 devices, so this limit does not refuse real people. Over IPv6, one device can use any number of addresses. The limit
# allows 96,000 guesses per day. There are 887,503,681 class codes, and a password must withstand 100,000,000 guesses.
MAX_FIRST_PER_NETWORK = 1_000


class Attempt(msgspec.Struct, frozen=True):
    """A running attempt: its rows in the database, and the name of the counter for this account and device."""

    rows: tuple[int, ...]
    pair: str


def begin_attempt(work: UnitOfWork, account: str, address: str, *, now: float, links: OwnLinks = OWN_LINKS) -> Attempt:
    """Count an attempt as failed until it succeeds. `account` is the name of an account, or the kind of a code.

    Raises TooManyAttempts if the account or the device has too many failures.
    """
    caller = links.caller(address)
    pair, everywhere, device = f"{account}\n{caller.device}", f"account {account}", f"address {caller.device}"
    counted = [pair, everywhere, device]
    work.execute(store.DELETE_OLD_ATTEMPTS, {"since": now - WINDOW_S})
    _refuse_beyond(work, {pair: MAX_PER_ACCOUNT_AND_DEVICE, device: MAX_PER_DEVICE}, now)
    if _count(work, everywhere, now)[0] >= MAX_PER_ACCOUNT:
        first = _first_from_network(account, caller)
        _refuse_beyond(work, {pair: 1, first: MAX_FIRST_PER_NETWORK}, now)
        counted.append(first)
    rows = []
    for name in counted:
        work.execute(store.INSERT_ATTEMPT, {"what": name, "at": now})
        rows.append(work.last_insert_id)
    return Attempt(tuple(rows), pair)


def attempt_succeeded(work: UnitOfWork, attempt: Attempt) -> None:
    """Delete this attempt and the earlier failures of this device on this account."""
    work.execute_many(store.DELETE_ATTEMPT, [(row,) for row in attempt.rows])
    work.execute(store.DELETE_ATTEMPTS, (attempt.pair,))


def _first_from_network(account: str, caller: Caller) -> str:
    return f"first {account}\n{caller.network}"


def _refuse_beyond(work: UnitOfWork, limits: Mapping[str, int], now: float) -> None:
    """Raises TooManyAttempts."""
    for name, limit in limits.items():
        count, first = _count(work, name, now)
        if count >= limit:
            raise _too_many(max(1.0, first + WINDOW_S - now))


def _count(work: UnitOfWork, name: str, now: float) -> tuple[int, float]:
    """Return the number of attempts under a counter's name, and the time of the first attempt."""
    count, first = work.execute(store.COUNT_ATTEMPTS, {"what": name, "since": now - WINDOW_S})[0]
    return int(count), float(first or now)


def _too_many(wait_s: float) -> TooManyAttempts:
    minutes = math.ceil(wait_s / 60)
    return TooManyAttempts(
        "Too many failed attempts.",
        remedy=f"Try again in {minutes} {'minute' if minutes == 1 else 'minutes'}, or ask an administrator.",
        retry_after_s=wait_s,
    )
