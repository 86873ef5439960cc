"""What any `ChargeRepository` and `BacklogRepository` has to do."""

from botbus_protocol.grammar import new_id
from botbus_storage.operations import MoveCursors, RecordDelivery, SeeBot, SeenBot
from botbus_storage.store import Store
from tests.storage.letters import SENDER, letter

NOW = "2030-01-01T00:00:00.000000Z"
LATER = "2030-01-01T00:00:01.000000Z"
BYTES = len('{"n":1}')


async def coder(store: Store) -> str:
    (seen,) = await store.submit([SeeBot("coder")])
    assert isinstance(seen, SeenBot)
    return seen.id


async def test_what_waits_is_counted_by_sender(store: Store) -> None:
    assert (await store.charges.waiting("coder", NOW)).senders == {}
    bot, other = await coder(store), new_id()
    await store.submit([letter(), letter(), letter(sender_id=other), letter()])
    await store.submit(
        [
            RecordDelivery(seq=1, bot_id=bot, state="acked", attempts=1),
            RecordDelivery(seq=2, bot_id=bot, state="leased", attempts=1, lease="1.1"),
            MoveCursors(bot_id=bot, direct=2, channels={}),
        ]
    )
    for word in ("coder", bot):
        waiting = await store.charges.waiting(word, NOW)
        assert waiting.bot == "coder"
        assert waiting.senders == {SENDER: (2, 2 * BYTES), other: (1, BYTES)}


async def test_what_nobody_came_for_until_its_ttl_ended_waits_no_more(store: Store) -> None:
    bot = await coder(store)
    await store.submit([letter(expires_at=NOW if n < 3 else LATER) for n in range(4)])
    await store.submit(
        [
            RecordDelivery(seq=1, bot_id=bot, state="leased", attempts=1, lease="1.1"),
            RecordDelivery(seq=2, bot_id=bot, state="waiting", attempts=1),
        ]
    )
    waiting = await store.charges.waiting("coder", NOW)
    assert waiting.senders == {SENDER: (2, 2 * BYTES)}  # who holds the first may settle it yet


async def test_what_is_stored_is_counted_by_sender(store: Store) -> None:
    assert await store.charges.newest() == 0
    other = new_id()
    await store.submit([letter(), letter(sender_id=other), letter(headers='{"a":"b"}')])
    assert await store.charges.newest() == 3
    assert await store.charges.stored(0, 2) == {SENDER: BYTES, other: BYTES}
    assert await store.charges.stored(2, 3) == {SENDER: BYTES + len('{"a":"b"}')}


async def test_the_backlog_at_one_moment(store: Store) -> None:
    bot = await coder(store)
    await store.submit([letter(), letter(), letter()])
    dead = RecordDelivery(seq=2, bot_id=bot, state="dead", attempts=2, reason="broken")
    await store.submit([dead])
    counted = await store.backlog.count()
    (waiting,) = counted.mailboxes
    assert (waiting.bot_id, waiting.bot, waiting.pending, waiting.oldest) == (bot, "coder", 2, 1)
    assert (counted.dead_letters, counted.runs) == (1, {})
