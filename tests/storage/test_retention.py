"""What any `RetentionRepository` has to do."""

from botbus_protocol.grammar import new_id
from botbus_storage.operations import SeeBot, SeenBot
from botbus_storage.reading.deletable import Tally
from botbus_storage.record_operations.connections import NoteClient
from botbus_storage.retention_operations import Guard, Source
from botbus_storage.store import Store
from tests.storage.letters import letter

CHANNEL = Source(channel="builds")
BYTES = len('{"n":1}')
LONG_AGO, LATER, NOW = (f"20{year}-01-01T00:00:00.000000Z" for year in (20, 21, 22))


async def filled(store: Store) -> str:
    """Four messages in a channel, two for a bot that is subscribed from the fourth on; its id."""
    (seen,) = await store.submit([SeeBot("coder")])
    assert isinstance(seen, SeenBot)
    await store.messages.create_channel("builds", seen.id)
    await store.submit([letter(channel="builds") for _ in range(4)] + [letter(), letter()])
    await store.messages.subscribe(seen.id, "builds", 4)
    return seen.id


async def test_sources_and_what_is_in_them(store: Store) -> None:
    assert await store.retention.newest_seq() == 0
    coder = await filled(store)
    direct = Source(recipient_id=coder)
    assert await store.retention.newest_seq() == 6
    assert await store.retention.sources(direct=False) == [CHANNEL]
    assert await store.retention.sources(direct=True) == [direct]
    page = await store.retention.page_of_source(CHANNEL, 0, 6, sized=True, limit=3)
    assert (page.last, page.messages, page.size) == (3, 3, 3 * BYTES)
    page = await store.retention.page_of_source(CHANNEL, 3, 6, sized=True, limit=3)
    assert (page.last, page.messages, page.size) == (4, 1, BYTES)
    upto, tallies = await store.retention.tally(0, 100)
    assert upto == 6
    assert {t.source: t for t in tallies} == {
        CHANNEL: Tally(CHANNEL, 4, 4 * BYTES),
        direct: Tally(direct, 2, 2 * BYTES),
    }


async def test_only_what_nobody_waits_for_goes(store: Store) -> None:
    await filled(store)
    keep, drop = Guard(), Guard(undelivered="drop")
    offered = await store.retention.oldest_deletable(CHANNEL, keep, 6, 10)
    assert [(d.seq, d.size) for d in offered] == [(1, BYTES), (2, BYTES), (3, BYTES)]
    assert len(await store.retention.oldest_deletable(CHANNEL, keep, 6, 2)) == 2
    assert len(await store.retention.oldest_deletable(CHANNEL, keep, 1, 10)) == 1
    done = await store.retention.prune(CHANNEL, (1, 2, 3, 4, 5), keep)
    assert (done.seqs, done.undelivered) == ((1, 2, 3), 0)
    done = await store.retention.prune(CHANNEL, (4, 5), drop)
    assert (done.seqs, done.undelivered) == ((4,), 1)
    assert await store.messages.get_channel_messages("builds", 10) == []
    assert [m.seq for m in await store.trail.tail(0, None, None, 10)] == [5, 6]


async def test_connections_that_have_ended_are_forgotten(store: Store) -> None:
    for seen, active in ((LONG_AGO, False), (LATER, False), (NOW, True)):
        client = NoteClient(
            id=new_id(),
            client_id="coder",
            user_id=None,
            metadata="{}",
            is_active=active,
            first_seen_at=seen,
            last_seen_at=seen,
        )
        await store.submit([client])
    assert await store.retention.ended_connections() == (2, LONG_AGO)
    assert await store.retention.forget_connections(LATER, 10) == 1
    assert await store.retention.ended_connections() == (1, LATER)
    assert await store.retention.forget_connections("", 0) == 1
    assert await store.retention.ended_connections() == (0, None)


async def test_unused_pages_are_given_back(store: Store) -> None:
    await filled(store)
    await store.submit([letter(channel="builds", body=f'"{"x" * 60_000}"') for _ in range(20)])
    await store.messages.save_message(letter())
    before = await store.retention.pages()
    assert before.can_be_freed
    await store.retention.prune(CHANNEL, tuple(range(1, 27)), Guard(undelivered="drop"))
    unused = (await store.retention.pages()).unused
    assert unused > before.unused + 200
    assert await store.retention.free_pages(50) == 50
    assert (await store.retention.pages()).unused == unused - 50
