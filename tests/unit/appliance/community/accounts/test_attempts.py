"""Limits on guesses, which lock out no other person."""

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
    """The links of a machine with an address in 2001:db8:0:7::/64."""

    def networks(self) -> tuple[ipaddress.IPv6Network, ...]:
        return (ipaddress.IPv6Network("2001:db8:0:7::/64"),)


class AttemptCounter:
    """Attempts at a site on that link. The test sets the time."""

    def __init__(self, database: Database) -> None:
        self._database, self.now = database, NOW

    def begin(self, account: str, address: str) -> Attempt:
        with self._database.write() as work:
            return begin_attempt(work, account, address, now=self.now, links=Link())

    def succeeded(self, attempt: Attempt) -> None:
        with self._database.write() as work:
            attempt_succeeded(work, attempt)


@pytest.fixture
def counter(database: Database) -> AttemptCounter:
    return AttemptCounter(database)


@pytest.fixture
def code(database: Database, anna: Person) -> str:
    return open_class(database, anna).code


def join(database: Database, code: str, address: str, name: str = "Ben") -> SignedIn:
    return signing_in.join(database, code=code, name=name, address=address, agent="", now=NOW)


def guess(database: Database, address: str) -> str:
    """Enter a wrong class code."""
    try:
        join(database, "ZZZZZZ", address)
    except CodeInvalid:
        return "checked"
    except TooManyAttempts:
        return "refused"
    return "joined"


def close(counter: AttemptCounter, account: str, addresses: str = "10.9.{}.{}") -> None:
    """Fail at an account from enough devices to close it."""
    for number in range(attempts.MAX_PER_ACCOUNT):
        counter.begin(account, addresses.format(number // 5, number % 5))


def can_try(counter: AttemptCounter, account: str, address: str) -> bool:
    try:
        counter.begin(account, address)
    except TooManyAttempts:
        return False
    return True


def test_a_correct_class_code_works_after_fifty_wrong_codes_from_other_devices(database: Database, code: str) -> None:
    guesses = [guess(database, f"10.0.1.{number % 12}") for number in range(60)]

    assert attempts.MAX_PER_ACCOUNT == guesses.count("checked")
    assert "refused" == guess(database, "10.0.1.0")
    assert "Ben" == join(database, code, "10.0.0.7").person.name
    assert "Cara" == join(database, code, "10.0.0.7", "Cara").person.name
    with pytest.raises(TooManyAttempts):
        join(database, code, "10.0.1.0", "Eve")


def test_a_correct_password_works_after_fifty_wrong_passwords_from_other_devices(database: Database, code: str) -> None:
    close(AttemptCounter(database), "login anna")

    assert signing_in.sign_in(database, login="anna", password=PASSWORD, address="10.0.0.7", agent="", now=NOW)
    with pytest.raises(TooManyAttempts):
        signing_in.sign_in(database, login="anna", password=PASSWORD, address="10.9.0.0", agent="", now=NOW)


def test_a_closed_account_takes_one_wrong_guess_per_device(database: Database, code: str) -> None:
    close(AttemptCounter(database), "class code")

    assert ["checked", "refused", "refused"] == [guess(database, "10.0.0.7") for _ in range(3)]
    assert ["checked", "refused"] == [guess(database, "10.0.0.8") for _ in range(2)]


def test_a_failure_at_another_account_does_not_count(counter: AttemptCounter) -> None:
    close(counter, "class code")
    counter.begin("login anna", "10.0.0.7")

    assert can_try(counter, "class code", "10.0.0.7")


@pytest.mark.parametrize("network", ["2001:db8:0:7::{:x}", "fe80::{:x}%eth0", "fd00:1:2:3::{:x}", "::ffff:10.0.0.{}"])
def test_a_device_on_the_same_link_locks_nobody_out(counter: AttemptCounter, network: str) -> None:
    guesser, honest = network.format(1), network.format(2)
    tries = [can_try(counter, "class code", guesser) for _ in range(10)]

    assert attempts.MAX_PER_ACCOUNT_AND_DEVICE == tries.count(True)
    assert can_try(counter, "class code", honest)


def test_thirty_failures_close_one_device_only(counter: AttemptCounter) -> None:
    tries = [can_try(counter, f"login name{number}", "2001:db8:0:7::1") for number in range(40)]

    assert attempts.MAX_PER_DEVICE == tries.count(True)
    assert not can_try(counter, "class code", "2001:db8:0:7::1")
    assert can_try(counter, "class code", "2001:db8:0:7::2")


def test_beyond_the_link_a_network_of_64_bits_is_one_device(counter: AttemptCounter) -> None:
    tries = [can_try(counter, "class code", f"2001:db8:0:8::{number:x}") for number in range(10)]

    assert attempts.MAX_PER_ACCOUNT_AND_DEVICE == tries.count(True)
    assert can_try(counter, "class code", "2001:db8:0:9::1")


def test_an_ipv4_address_counts_the_same_over_ipv6(counter: AttemptCounter) -> None:
    for _ in range(attempts.MAX_PER_ACCOUNT_AND_DEVICE):
        counter.begin("class code", "10.0.0.7")

    assert not can_try(counter, "class code", "::ffff:10.0.0.7")


def test_a_device_with_many_addresses_gets_limited_guesses(
    counter: AttemptCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "MAX_FIRST_PER_NETWORK", 20)
    close(counter, "class code")
    with ThreadPoolExecutor(4) as pool:
        tries = list(pool.map(lambda number: can_try(counter, "class code", f"2001:db8:0:7::{number:x}"), range(1, 60)))

    assert 20 == tries.count(True)
    assert not can_try(counter, "class code", "2001:db8:0:7::ffff")
    assert can_try(counter, "class code", "10.0.0.7"), "another network has its own limit"


def test_a_device_gets_one_guess_at_a_closed_account_even_in_parallel(counter: AttemptCounter) -> None:
    close(counter, "login anna")
    with ThreadPoolExecutor(8) as pool:
        tries = list(pool.map(lambda _: can_try(counter, "login anna", "10.0.0.7"), range(24)))

    assert 1 == tries.count(True)


def test_a_success_at_a_closed_account_counts_as_no_attempt(counter: AttemptCounter, database: Database) -> None:
    close(counter, "class code")
    before = database.reader.rows("SELECT what, count(*) FROM attempts GROUP BY what")
    for _ in range(3):
        counter.succeeded(counter.begin("class code", "10.0.0.7"))

    assert before == database.reader.rows("SELECT what, count(*) FROM attempts GROUP BY what")


def test_the_error_says_how_long_this_device_must_wait(counter: AttemptCounter, database: Database) -> None:
    close(counter, "login anna")
    counter.now += 600.0
    counter.begin("login anna", "10.0.0.7")
    with pytest.raises(TooManyAttempts, match="15 minutes") as refused:
        counter.begin("login anna", "10.0.0.7")
    assert attempts.WINDOW_S == refused.value.retry_after_s

    counter.now += attempts.WINDOW_S + 1.0
    assert can_try(counter, "login anna", "10.0.0.7")
    assert 3 == len(database.reader.rows("SELECT what FROM attempts")), "old attempts are deleted"


def test_wrong_passwords_and_unknown_names_are_counted_in_the_same_way(database: Database, code: str) -> None:
    for login in ("anna", "nobody"):
        for _ in range(attempts.MAX_PER_ACCOUNT_AND_DEVICE):
            with pytest.raises(SignInFailed):
                signing_in.sign_in(database, login=login, password="wrong", address="10.0.0.7", agent="", now=NOW)
        with pytest.raises(TooManyAttempts):
            signing_in.sign_in(database, login=login, password=PASSWORD, address="10.0.0.7", agent="", now=NOW)

    assert 10 == database.reader.value(
        store.COUNT_ATTEMPTS, {"what": "address 10.0.0.7", "since": NOW - attempts.WINDOW_S}
    )
