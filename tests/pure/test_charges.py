"""Rates, places and stored bytes of bots: nobody gets more, and nobody is remembered for ever."""

from hypothesis import given
from hypothesis import strategies as st

from botbus_daemon.charges import rates, stored
from botbus_daemon.charges.penalties import BOTS, MOST_SECONDS, SECONDS, Penalties
from botbus_daemon.charges.places import Places
from botbus_daemon.charges.rates import Rates
from botbus_daemon.charges.settings import BotLimits
from botbus_daemon.charges.stored import Stored

PAUSES = st.lists(st.floats(0, 2), min_size=1, max_size=200)


@given(PAUSES, st.floats(0.5, 100), st.integers(1, 20))
def test_no_bot_sends_faster_than_its_rate(pauses: list[float], rate: float, burst: int) -> None:
    bucket = Rates(BotLimits(messages_per_second=rate, burst_messages=burst))
    now, sent = 0.0, 0
    for pause in pauses:
        now += pause
        sent += bucket.wait("a", now) == 0.0
        assert sent <= burst + now * rate + 1e-6


@given(PAUSES, st.floats(0.5, 100))
def test_who_waits_as_long_as_told_is_let_in(pauses: list[float], rate: float) -> None:
    bucket = Rates(BotLimits(messages_per_second=rate, burst_messages=1))
    now = 0.0
    for pause in pauses:
        now += pause
        wait = bucket.wait("a", now)
        assert wait <= 1 / rate + 1e-6
        if wait:
            now += wait + 1e-6
            assert bucket.wait("a", now) == 0.0
        assert bucket.wait("b" + str(now), now) == 0.0


def test_without_a_rate_nobody_waits_or_is_remembered() -> None:
    bucket = Rates(BotLimits())
    assert all(bucket.wait("a", 0.0) == 0.0 for _ in range(10_000))
    assert len(bucket) == 0


def test_rates_of_so_many_bots_are_remembered() -> None:
    bucket = Rates(BotLimits(messages_per_second=1.0))
    for number in range(rates.BOTS + 100):
        bucket.wait(f"bot-{number}", 0.0)
    assert len(bucket) == rates.BOTS


def test_a_clock_that_stands_still_or_goes_back_gives_nothing_away() -> None:
    bucket = Rates(BotLimits(messages_per_second=1.0, burst_messages=1))
    assert bucket.wait("a", 10.0) == 0.0
    assert bucket.wait("a", 5.0) > 0


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans())), st.integers(1, 4))
def test_places_are_bounded_and_forgotten(acts: list[tuple[str, bool]], most: int) -> None:
    places = Places(most)
    taken = {"a": 0, "b": 0}
    for bot, comes in acts:
        if comes:
            assert places.take(bot) == (taken[bot] < most)
            taken[bot] = min(most, taken[bot] + 1)
        elif taken[bot]:
            places.give_back(bot)
            taken[bot] -= 1
        assert len(places) == sum(1 for count in taken.values() if count)


def test_no_limit_is_no_limit() -> None:
    places = Places(0)
    assert all(places.take("a") for _ in range(1000))


SENT = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 400)), max_size=60)


@given(SENT, SENT, SENT)
def test_nobody_stores_more_than_the_limit(
    before: list[tuple[str, int]], during: list[tuple[str, int]], after: list[tuple[str, int]]
) -> None:
    """What came while everything was counted is in the figures, and what came before it too."""
    limit = 2_000
    stored_now = Stored(limit)
    stored_now.measured(10 * limit)
    truth: dict[str, int] = {}

    def send(letters: list[tuple[str, int]]) -> None:
        for sender, size in letters:
            if stored_now.fits(sender, size):
                stored_now.add(sender, size)
                truth[sender] = truth.get(sender, 0) + size

    send(before)
    stored_now.counting()
    found = dict(truth)
    send(during)
    already = dict(truth)
    stored_now.count(found)
    send(after)
    for sender, size in truth.items():
        assert size <= max(limit, already.get(sender, 0))


def test_a_small_database_needs_no_counting() -> None:
    some = Stored(1_000_000)
    some.measured(400_000)
    assert some.room == 600_000
    some.measured(999_999)
    assert some.room == 0.0
    some.counting()
    some.count({"a": 1_000_000})
    assert not some.fits("a", 1)
    assert some.fits("b", 1)
    some.measured(10)
    assert some.room
    assert some.fits("a", 1)
    assert len(some) == 0


def test_a_counting_that_fails_changes_nothing() -> None:
    some = Stored(1000)
    some.counting()
    some.give_up_counting()
    assert some.fits("a", 5000)


def test_figures_of_small_senders_are_forgotten() -> None:
    some = Stored(64_000)
    some.counting()
    some.count({f"bot-{number}": 900 for number in range(1000)} | {"large": 60_000})
    assert len(some) == 1
    assert not some.fits("large", 5_000)
    for number in range(stored.MOST_SENDERS + 100):
        some.add(f"other-{number}", 1)
    assert len(some) < stored.MOST_SENDERS
    assert not some.fits("large", 5_000)


def test_no_limit_of_storage_never_looks() -> None:
    some = Stored(0)
    some.room -= 10**15
    assert some.room > 10**15


@given(PAUSES)
def test_a_flood_of_refusals_is_slowed_to_what_a_penalty_takes(pauses: list[float]) -> None:
    """Who waits for its penalty each time is refused so often, and not more."""
    book = Penalties()
    now = 0.0
    for refusals, pause in enumerate(pauses, 1):
        now = max(now + pause / 1000, book.add("a", now))
        assert refusals <= now / SECONDS + 1
    assert book.add("b", now) == now + SECONDS


def test_a_penalty_is_bounded_and_forgotten() -> None:
    book = Penalties()
    assert max(book.add("a", 1.0) for _ in range(10_000)) == 1.0 + MOST_SECONDS
    for number in range(BOTS):
        book.add(f"bot-{number}", 100.0)
    assert book.add("late", 200.0) == 200.0 + SECONDS
    assert len(book) <= BOTS
