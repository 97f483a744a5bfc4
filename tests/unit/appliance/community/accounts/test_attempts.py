"""Guessing is slow, and nobody locks another person out."""

import ipaddress
from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes.accounts import NOW, PASSWORD, open_class

from appliance.community.accounts import attempts, store
from appliance.community.accounts.attempts import Attempt, attempt_succeeded, begin_attempt
from appliance.community.accounts.operations import signing_in
from appliance.community.accounts.operations.sessions import SignedIn
from appliance.community.accounts.person import CodeInvalid, Person, SignInFailed, TooManyAttempts
from appliance.infrastructure.database import Database
from appliance.infrastructure.networks import OwnLinks


class Link(OwnLinks):
    """The links of a machine that has an address in 2001:db8:0:7::/64."""

    def networks(self) -> tuple[ipaddress.IPv6Network, ...]:
        return (ipaddress.IPv6Network("2001:db8:0:7::/64"),)


class Counted:
    """Attempts at a site on that link; the test sets the time."""

    def __init__(self, database: Database) -> None:
        self._database, self.now = database, NOW

    def begin(self, account: str, address: str) -> Attempt:
        with self._database.write() as work:
            return begin_attempt(work, account, address, now=self.now, links=Link())

    def succeeded(self, attempt: Attempt) -> None:
        with self._database.write() as work:
            attempt_succeeded(work, attempt)


@pytest.fixture
def counted(database: Database) -> Counted:
    return Counted(database)


@pytest.fixture
def code(database: Database, anna: Person) -> str:
    return open_class(database, anna).code


def join(database: Database, code: str, address: str, name: str = "Ben") -> SignedIn:
    return signing_in.join(database, code=code, name=name, address=address, agent="", now=NOW)


def guess(database: Database, address: str) -> str:
    """Enter a class code that is wrong."""
    try:
        join(database, "ZZZZZZ", address)
    except CodeInvalid:
        return "checked"
    except TooManyAttempts:
        return "refused"
    return "joined"


def close(counted: Counted, account: str, addresses: str = "10.9.{}.{}") -> None:
    """Fail at an account, from as many devices as it takes to close it."""
    for number in range(attempts.MAX_FOR_ONE):
        counted.begin(account, addresses.format(number // 5, number % 5))


def is_let_try(counted: Counted, account: str, address: str) -> bool:
    try:
        counted.begin(account, address)
    except TooManyAttempts:
        return False
    return True


def test_a_right_class_code_is_accepted_after_fifty_wrong_ones_from_others(database: Database, code: str) -> None:
    guesses = [guess(database, f"10.0.1.{number % 12}") for number in range(60)]

    assert attempts.MAX_FOR_ONE == guesses.count("checked")
    assert "refused" == guess(database, "10.0.1.0")
    assert "Ben" == join(database, code, "10.0.0.7").person.name
    assert "Cara" == join(database, code, "10.0.0.7", "Cara").person.name
    with pytest.raises(TooManyAttempts):
        join(database, code, "10.0.1.0", "Eve")


def test_a_right_password_is_accepted_after_fifty_wrong_ones_from_others(database: Database, code: str) -> None:
    close(Counted(database), "login anna")

    assert signing_in.sign_in(database, login="anna", password=PASSWORD, address="10.0.0.7", agent="", now=NOW)
    with pytest.raises(TooManyAttempts):
        signing_in.sign_in(database, login="anna", password=PASSWORD, address="10.9.0.0", agent="", now=NOW)


def test_a_closed_account_takes_one_wrong_guess_per_device(database: Database, code: str) -> None:
    close(Counted(database), "class code")

    assert ["checked", "refused", "refused"] == [guess(database, "10.0.0.7") for _ in range(3)]
    assert ["checked", "refused"] == [guess(database, "10.0.0.8") for _ in range(2)]


def test_a_typing_error_at_another_account_does_not_count(counted: Counted) -> None:
    close(counted, "class code")
    counted.begin("login anna", "10.0.0.7")

    assert is_let_try(counted, "class code", "10.0.0.7")


@pytest.mark.parametrize("network", ["2001:db8:0:7::{:x}", "fe80::{:x}%eth0", "fd00:1:2:3::{:x}", "::ffff:10.0.0.{}"])
def test_a_neighbour_on_the_link_shuts_nobody_out(counted: Counted, network: str) -> None:
    guesser, honest = network.format(1), network.format(2)
    tries = [is_let_try(counted, "class code", guesser) for _ in range(10)]

    assert attempts.MAX_FOR_ONE_FROM_ONE == tries.count(True)
    assert is_let_try(counted, "class code", honest)


def test_thirty_failures_close_one_device_only(counted: Counted) -> None:
    tries = [is_let_try(counted, f"login name{number}", "2001:db8:0:7::1") for number in range(40)]

    assert attempts.MAX_FROM_ONE == tries.count(True)
    assert not is_let_try(counted, "class code", "2001:db8:0:7::1")
    assert is_let_try(counted, "class code", "2001:db8:0:7::2")


def test_beyond_the_link_a_network_of_64_bits_is_one_device(counted: Counted) -> None:
    tries = [is_let_try(counted, "class code", f"2001:db8:0:8::{number:x}") for number in range(10)]

    assert attempts.MAX_FOR_ONE_FROM_ONE == tries.count(True)
    assert is_let_try(counted, "class code", "2001:db8:0:9::1")


def test_an_ipv4_address_counts_the_same_over_ipv6(counted: Counted) -> None:
    for _ in range(attempts.MAX_FOR_ONE_FROM_ONE):
        counted.begin("class code", "10.0.0.7")

    assert not is_let_try(counted, "class code", "::ffff:10.0.0.7")


def test_a_device_that_takes_many_addresses_has_a_limited_number_of_guesses(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "MAX_FIRST_FROM_NETWORK", 20)
    close(counted, "class code")
    with ThreadPoolExecutor(4) as pool:
        tries = list(
            pool.map(lambda number: is_let_try(counted, "class code", f"2001:db8:0:7::{number:x}"), range(1, 60))
        )

    assert 20 == tries.count(True)
    assert not is_let_try(counted, "class code", "2001:db8:0:7::ffff")
    assert is_let_try(counted, "class code", "10.0.0.7"), "devices of another network have their own"


def test_parallel_guesses_of_one_device_at_a_closed_account_are_one(counted: Counted) -> None:
    close(counted, "login anna")
    with ThreadPoolExecutor(8) as pool:
        tries = list(pool.map(lambda _: is_let_try(counted, "login anna", "10.0.0.7"), range(24)))

    assert 1 == tries.count(True)


def test_one_who_succeeds_at_a_closed_account_uses_nothing_up(counted: Counted, database: Database) -> None:
    close(counted, "class code")
    before = database.reader.rows("SELECT what, count(*) FROM attempts GROUP BY what")
    for _ in range(3):
        counted.succeeded(counted.begin("class code", "10.0.0.7"))

    assert before == database.reader.rows("SELECT what, count(*) FROM attempts GROUP BY what")


def test_the_wait_is_until_this_device_may_try_again(counted: Counted, database: Database) -> None:
    close(counted, "login anna")
    counted.now += 600.0
    counted.begin("login anna", "10.0.0.7")
    with pytest.raises(TooManyAttempts, match="15 minutes") as refused:
        counted.begin("login anna", "10.0.0.7")
    assert attempts.WINDOW_S == refused.value.retry_after_s

    counted.now += attempts.WINDOW_S + 1.0
    assert is_let_try(counted, "login anna", "10.0.0.7")
    assert 3 == len(database.reader.rows("SELECT what FROM attempts")), "what is over is deleted"


def test_a_wrong_password_and_a_name_that_is_not_there_are_counted_alike(database: Database, code: str) -> None:
    for login in ("anna", "nobody"):
        for _ in range(attempts.MAX_FOR_ONE_FROM_ONE):
            with pytest.raises(SignInFailed):
                signing_in.sign_in(database, login=login, password="wrong", address="10.0.0.7", agent="", now=NOW)
        with pytest.raises(TooManyAttempts):
            signing_in.sign_in(database, login=login, password=PASSWORD, address="10.0.0.7", agent="", now=NOW)

    assert 10 == database.reader.value(
        store.COUNT_ATTEMPTS, {"what": "address 10.0.0.7", "since": NOW - attempts.WINDOW_S}
    )
