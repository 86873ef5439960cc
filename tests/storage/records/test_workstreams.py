"""What any `WorkstreamRepository` has to do."""

from botbus_protocol.grammar import new_id
from botbus_protocol.records import SCRATCH
from botbus_storage.engine import Group, SqliteEngine
from botbus_storage.operations import SeeBot, SeenBot
from botbus_storage.reading.records.paging import Window
from botbus_storage.reading.records.workstreams import SessionScope, get_workstream
from botbus_storage.record_operations.connections import OpenRecords
from botbus_storage.record_operations.workstreams import (
    CreateSession,
    CreateWorkstream,
    EndSession,
    UpdateSession,
    UpdateWorkstream,
)
from botbus_storage.store import Store
from tests.storage.records.answers import ALL, refused


async def made(store: Store, title: str = "Release", **fields: object) -> str:
    new = CreateWorkstream(id=new_id(), title=title, **fields)  # type: ignore[arg-type] # as given
    return (await store.workstreams.create_workstream(new)).record.id


async def test_a_workstream_comes_back_as_it_was_made(store: Store) -> None:
    new = CreateWorkstream(
        id=new_id(),
        title="Release 1.2",
        summary="what is left",
        state="paused",
        default_model="large",
        tags=("#z", "#a", "#z"),
    )
    kept = await store.workstreams.create_workstream(new)
    there = await store.workstreams.get_workstream(new.id)
    assert there == kept.record
    assert there is not None
    assert (there.title, there.summary, there.state) == ("Release 1.2", "what is left", "paused")
    assert (there.default_model, there.tags, there.is_scratch) == ("large", ["#a", "#z"], False)
    assert there.created_at == there.updated_at
    again = await store.workstreams.create_workstream(new)
    assert (again.record, again.changed) == (there, False)
    other = CreateWorkstream(id=new.id, title="another")
    assert await refused(store.workstreams.create_workstream(other)) == "conflict"
    assert await store.workstreams.get_workstream(new_id()) is None


async def test_an_update_changes_what_is_given(store: Store) -> None:
    one = await made(store, summary="s", default_model="m")
    changed = await store.workstreams.update_workstream(
        UpdateWorkstream(id=one, title="T", state="archived", summary="")
    )
    record = changed.record
    assert (record.title, record.state, record.summary) == ("T", "archived", None)
    assert record.default_model == "m"
    assert record.updated_at > record.created_at
    same = await store.workstreams.update_workstream(UpdateWorkstream(id=one, title="T"))
    assert (same.record, same.changed) == (record, False)
    # a creation repeated after the change finds its workstream
    again = await store.workstreams.create_workstream(
        CreateWorkstream(id=one, title="Release", summary="s", default_model="m")
    )
    assert (again.record, again.changed) == (record, False)
    unknown = UpdateWorkstream(id=new_id(), title="T")
    assert await refused(store.workstreams.update_workstream(unknown)) == "not_found"


async def test_tags_are_a_set_in_a_stable_order(store: Store) -> None:
    one = await made(store, tags=("b",))
    kept = await store.workstreams.set_tags(one, ["phase/done", "a", "Z", "ä", "a"])
    assert kept.record.tags == ["Z", "a", "phase/done", "ä"]
    assert await store.workstreams.get_tags(one) == kept.record.tags
    same = await store.workstreams.set_tags(one, ["ä", "a", "Z", "phase/done"])
    assert (same.changed, same.record.updated_at) == (False, kept.record.updated_at)
    assert (await store.workstreams.set_tags(one, [])).record.tags == []
    assert await refused(store.workstreams.set_tags(new_id(), ["a"])) == "not_found"


async def test_lists_page_newest_first_and_filter_by_state(store: Store) -> None:
    ids = [await made(store, f"w{n}", state="active" if n % 2 else "paused") for n in range(6)]
    found = await store.workstreams.list_workstreams(None, ALL)
    assert [w.id for w in found] == [*reversed(ids), SCRATCH]
    paused = await store.workstreams.list_workstreams("paused", ALL)
    assert [w.title for w in paused] == ["w4", "w2", "w0"]
    pages, window = [], Window(limit=2)
    while page := await store.workstreams.list_workstreams(None, window):
        pages.append([w.id for w in page])
        window = Window(limit=2, before=page[-1].created_at, before_id=page[-1].id)
    assert [id_ for page in pages for id_ in page] == [*reversed(ids), SCRATCH]
    after = await store.workstreams.list_workstreams(None, Window(after=found[1].created_at))
    assert [w.title for w in after] == ["w5"]


async def test_several_of_the_same_moment_are_all_on_some_page(store: Store) -> None:
    news = [CreateWorkstream(id=new_id(), title=f"w{n}") for n in range(7)]
    await store.submit(news)  # one transaction, so one time
    seen, window = [], Window(limit=3)
    while page := await store.workstreams.list_workstreams("active", window):
        seen += [w.id for w in page]
        window = Window(limit=3, before=page[-1].created_at, before_id=page[-1].id)
    assert sorted(seen) == sorted([*(new.id for new in news), SCRATCH])


async def test_scratch_is_there_and_stays(store: Store) -> None:
    scratch = await store.workstreams.ensure_scratch()
    assert (scratch.id, scratch.is_scratch, scratch.title) == (SCRATCH, True, "Scratch")
    assert await refused(store.workstreams.delete_workstream(SCRATCH)) == "denied"
    changed = await store.workstreams.update_workstream(
        UpdateWorkstream(id=SCRATCH, title="Odds and ends")
    )
    assert changed.record.is_scratch
    assert (await store.workstreams.ensure_scratch()).title == "Odds and ends"


async def test_deleting_takes_sessions_and_tags_along(store: Store) -> None:
    one, other = await made(store, tags=("a",)), await made(store)
    for workstream in (one, one, other):
        session = CreateSession(id=new_id(), workstream_id=workstream)
        await store.workstreams.create_session(session)
    assert await store.workstreams.delete_workstream(one) is True
    assert await store.workstreams.delete_workstream(one) is False
    left = await store.workstreams.list_sessions(SessionScope(), ALL)
    assert [s.workstream_id for s in left] == [other]
    assert await store.workstreams.get_tags(one) == []


async def test_a_session_from_start_to_end(store: Store) -> None:
    one = await made(store)
    new = CreateSession(id=new_id(), workstream_id=one)
    kept = await store.workstreams.create_session(new)
    session = kept.record
    assert (session.workstream_id, session.ended_at, session.turn_count) == (one, None, 0)
    assert (session.session_type, session.peer_bot, session.compressed) == ("user", None, False)
    assert (await store.workstreams.create_session(new)).changed is False
    elsewhere = CreateSession(id=new.id, workstream_id=SCRATCH)
    assert await refused(store.workstreams.create_session(elsewhere)) == "conflict"
    end = EndSession(id=new.id, turn_count=12, summary="went well")
    ended = (await store.workstreams.end_session(end)).record
    assert (ended.turn_count, ended.summary) == (12, "went well")
    assert ended.ended_at is not None
    assert (await store.workstreams.end_session(end)).changed is False
    otherwise = EndSession(id=new.id, turn_count=13)
    assert await refused(store.workstreams.end_session(otherwise)) == "illegal_state"
    packed = UpdateSession(id=new.id, compressed=True, summary="")
    updated = (await store.workstreams.update_session(packed)).record
    assert (updated.compressed, updated.summary, updated.turn_count) == (True, None, 12)
    assert await store.workstreams.get_session(new.id) == updated
    assert await refused(store.workstreams.end_session(EndSession(id=new_id()))) == "not_found"


async def test_sessions_by_workstream_by_peer_and_open(store: Store) -> None:
    one, other = await made(store), await made(store)
    (bot,) = await store.submit([SeeBot(name="coder")])
    assert isinstance(bot, SeenBot)
    plain = CreateSession(id=new_id(), workstream_id=one)
    pair = CreateSession(id=new_id(), workstream_id=one, session_type="bot", peer_bot_id=bot.id)
    third = CreateSession(id=new_id(), workstream_id=other)
    for session in (plain, pair, third):
        await store.workstreams.create_session(session)
    await store.workstreams.end_session(EndSession(id=plain.id))

    async def listed(**scope: object) -> list[str]:
        found = await store.workstreams.list_sessions(SessionScope(**scope), ALL)  # type: ignore[arg-type] # as given
        return [session.id for session in found]

    assert await listed() == [third.id, pair.id, plain.id]
    assert await listed(workstream_id=one) == [pair.id, plain.id]
    assert await listed(workstream_id=one, open=True) == [pair.id]
    assert await listed(open=True) == [third.id, pair.id]
    assert await listed(peer_bot_id=bot.id) == [pair.id]
    found = await store.workstreams.get_session(pair.id)
    assert found is not None
    assert (found.session_type, found.peer_bot) == ("bot", "coder")


async def test_no_session_starts_where_there_is_no_work(store: Store) -> None:
    one = await made(store, state="archived")
    archived = CreateSession(id=new_id(), workstream_id=one)
    assert await refused(store.workstreams.create_session(archived)) == "illegal_state"
    nowhere = CreateSession(id=new_id(), workstream_id=new_id())
    assert await refused(store.workstreams.create_session(nowhere)) == "not_found"


def test_each_start_makes_scratch_anew_if_it_was_taken_out(engine: SqliteEngine) -> None:
    engine.connection.execute("DROP TRIGGER scratch_is_not_deleted")
    engine.connection.execute("DELETE FROM workstreams")
    engine.execute([Group([OpenRecords()])])
    scratch = get_workstream(engine.connection, SCRATCH)
    assert scratch is not None
    assert scratch.is_scratch
