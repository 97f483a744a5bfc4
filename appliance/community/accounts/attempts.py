"""Guessing is slow: what failed is counted by account and by address, over a quarter of an hour.

An account is closed for one address soon and for all addresses late, so that nobody on the hall's network can lock
another out by typing nonsense a few times. An attempt counts from its beginning, so that many at once are not free.
"""

import ipaddress
import math
import time
from collections.abc import Mapping

import msgspec

from appliance.community.accounts import store
from appliance.community.accounts.person import TooManyAttempts
from appliance.infrastructure.database import Database

WINDOW_S = 900.0
MOST_FOR_ONE_FROM_ONE, MOST_FOR_ONE, MOST_FROM_ONE = 5, 50, 30
# A device of IPv6 has a whole network of this size to itself.
IPV6_PREFIX = 64


class Attempt(msgspec.Struct, frozen=True):
    """An attempt under way: its rows, and what it is counted under for this account from this address."""

    rows: tuple[int, ...]
    pair: str


class Attempts:
    """Attempts to sign in or to enter a code."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, account: str, address: str) -> Attempt:
        """Count an attempt as failed until it succeeds. `account` is a name, or what a code is for.

        Raises TooManyAttempts where the account or the address has failed too often of late.
        """
        now = time.time()
        counted = _counted(account, _network(address))
        rows = []
        with self._database.write() as work:
            work.execute(store.DELETE_OLD_ATTEMPTS, (now - WINDOW_S,))
            for what, most in counted.items():
                count, first = work.execute(store.COUNT_ATTEMPTS, (what, now - WINDOW_S))[0]
                if count >= most:
                    raise _too_many(max(1.0, first + WINDOW_S - now))
            for what in counted:
                work.execute(store.INSERT_ATTEMPT, (what, now))
                rows.append(work.last_insert_id)
            work.commit()
        return Attempt(tuple(rows), next(iter(counted)))

    def succeeded(self, attempt: Attempt) -> None:
        """Take back what an attempt counted for, and what this account failed from this address before."""
        with self._database.write() as work:
            work.execute_many(store.DELETE_ATTEMPT, [(row,) for row in attempt.rows])
            work.execute(store.DELETE_ATTEMPTS, (attempt.pair,))
            work.commit()


def _too_many(wait_s: float) -> TooManyAttempts:
    return TooManyAttempts(
        "It was tried too often in vain.",
        remedy=f"Try again in {math.ceil(wait_s / 60)} minutes, or ask whoever looks after this machine.",
        retry_after_s=wait_s,
    )


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False)) if found.version == 6 else address


def _counted(account: str, address: str) -> Mapping[str, int]:
    return {
        f"{account}\n{address}": MOST_FOR_ONE_FROM_ONE,
        f"account {account}": MOST_FOR_ONE,
        f"address {address}": MOST_FROM_ONE,
    }
