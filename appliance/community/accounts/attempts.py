"""Guessing is slow: what failed is counted by account and by address, over a quarter of an hour.

An account is closed for one address soon and for all addresses late, so that nobody on the hall's network can lock
another out by typing nonsense a few times.
"""

import math
import time
from collections.abc import Mapping

from appliance.community.accounts import store
from appliance.community.accounts.person import TooManyAttempts
from appliance.infrastructure.database import Database

WINDOW_S = 900.0
MOST_FOR_ONE_FROM_ONE, MOST_FOR_ONE, MOST_FROM_ONE = 5, 50, 30


class Attempts:
    """Failed attempts to sign in or to enter a code."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def check(self, account: str, address: str) -> None:
        """Raises TooManyAttempts where either has failed too often of late. `account` is a name, or what a code is for."""
        now = time.time()
        for what, most in _counted(account, address).items():
            count, first = self._database.reader.rows(store.COUNT_ATTEMPTS, (what, now - WINDOW_S))[0]
            if count >= most:
                wait = max(1.0, first + WINDOW_S - now)
                raise TooManyAttempts(
                    "It was tried too often in vain.",
                    remedy=f"Try again in {math.ceil(wait / 60)} minutes, or ask whoever looks after this machine.",
                    retry_after_s=wait,
                )

    def failed(self, account: str, address: str) -> None:
        now = time.time()
        with self._database.write() as work:
            work.execute(store.DELETE_OLD_ATTEMPTS, (now - WINDOW_S,))
            work.execute_many(store.INSERT_ATTEMPT, [(what, now) for what in _counted(account, address)])
            work.commit()

    def succeeded(self, account: str, address: str) -> None:
        """Forget what this account failed from this address."""
        pair = next(iter(_counted(account, address)))
        with self._database.write() as work:
            work.execute(store.DELETE_ATTEMPTS, (pair,))
            work.commit()


def _counted(account: str, address: str) -> Mapping[str, int]:
    return {
        f"{account}\n{address}": MOST_FOR_ONE_FROM_ONE,
        f"account {account}": MOST_FOR_ONE,
        f"address {address}": MOST_FROM_ONE,
    }
