"""What any implementation has to do with messages, mailboxes, the audit trail and the directory.

The suites of the other repositories lie beside it: `test_retention`, `test_counting`, and those in
`records` and `workflows`. They use nothing but the fixture `store`.
"""

import pytest

from botbus_protocol.errors import Refused
from botbus_protocol.grammar import new_id
from botbus_storage.operations import MoveCursors, RecordDelivery, SeeBot, SeenBot
from botbus_storage.reading.history import Scope
from botbus_storage.store import Store
from tests.storage.letters import letter


async def bot(store: Store, name: str) -> str:
    (seen,) = await store.submit([SeeBot(name=name)])
    assert isinstance(seen, SeenBot)
    return seen.id


async def test_messages_between_two_bots_newest_first(store: Store) -> None:
    a, b = await bot(store, "a"), await bot(store, "b")
    for n, (sender, name, to) in enumerate([(a, "a", "b"), (b, "b", "a"), (a, "a", "c")]):
        await store.messages.save_message(
            letter(sender_id=sender, sender_name=name, to=to, body=str(n))
        )
    both = await store.messages.get_messages_between(a, b, 10)
    assert both == await store.messages.get_messages_between(b, a, 10)
    assert [(m.sender, m.recipient) for m in both] == [("b", "a"), ("a", "b")]
    assert len(await store.messages.get_messages_between(a, b, 1)) == 1


async def test_channels_and_subscriptions(store: Store) -> None:
    me, other = await bot(store, "me"), await bot(store, "other")
    created = await store.messages.create_channel("builds", me)
    assert (created.name, created.created_by, created.subscribers) == ("builds", "me", 0)
    assert (await store.messages.create_channel("builds", other)).created_by == "me"
    first = await store.messages.subscribe(me, "builds")
    assert await store.messages.subscribe(me, "builds", "first") == first
    await store.messages.subscribe(other, "builds", "first")
    assert [s.channel for s in await store.messages.get_subscriptions(me)] == ["builds"]
    subscribers = await store.messages.get_channel_subscribers("builds")
    assert [s.bot for s in subscribers] == ["me", "other"]
    page = await store.messages.get_channel_subscribers("builds", after="me", limit=5)
    assert [s.bot for s in page] == ["other"]
    assert await store.messages.unsubscribe(me, "builds") is True
    assert await store.messages.unsubscribe(me, "builds") is False
    (listed,) = await store.messages.list_channels()
    assert (listed.name, listed.subscribers) == ("builds", 1)
    assert await store.messages.list_channels(after="builds") == []


async def test_what_is_unknown_is_refused(store: Store) -> None:
    me = await bot(store, "me")
    for refused in (
        store.messages.subscribe(me, "nowhere"),
        store.messages.unsubscribe(me, "nowhere"),
        store.messages.save_message(letter(channel="nowhere")),
    ):
        with pytest.raises(Refused) as caught:
            await refused
        assert caught.value.fault.code == "not_found"


async def test_channel_messages_newest_first(store: Store) -> None:
    me = await bot(store, "me")
    await store.messages.create_channel("builds", me)
    for n in range(5):
        await store.messages.save_message(letter(channel="builds", body=str(n)))
    seqs = [m.seq for m in await store.messages.get_channel_messages("builds", 3)]
    assert seqs == [5, 4, 3]


async def test_a_subscription_starts_where_it_is_told_to(store: Store) -> None:
    me = await bot(store, "me")
    await store.messages.create_channel("builds", me)
    stamps = [
        (await store.messages.save_message(letter(channel="builds"))).timestamp for _ in range(4)
    ]
    cursors = {}
    starts: dict[str, str | int] = {"new": "new", "first": "first", "seq": 3, "time": stamps[1]}
    for name, start in starts.items():
        who = await bot(store, name)
        cursors[name] = (await store.messages.subscribe(who, "builds", start)).cursor
    assert cursors == {"new": 4, "first": 0, "seq": 2, "time": 1}


async def test_a_mailbox_merges_its_sources_in_commit_order(store: Store) -> None:
    coder = await bot(store, "coder")
    await store.messages.create_channel("builds", coder)
    await store.messages.subscribe(coder, "builds")
    for n in range(6):
        target = {"channel": "builds"} if n % 2 else {}
        await store.messages.save_message(letter(**target))
    state = await store.mailboxes.load(coder)
    assert state.positions == {"": 0, "builds": 0}
    page = await store.mailboxes.next_messages(coder, state.positions, 4)
    assert [m.seq for m in page.messages] == [1, 2, 3, 4, 5, 6]
    short = await store.mailboxes.next_messages(coder, state.positions, 2)
    assert [m.seq for m in short.messages] == [1, 2, 3][: len(short.messages)]
    assert short.position == short.messages[-1].seq
    rest = await store.mailboxes.next_messages(coder, dict.fromkeys(state.positions, 3), 10)
    assert [m.seq for m in rest.messages] == [4, 5, 6]
    assert rest.position == 6


async def test_what_has_a_row_is_not_offered_as_new(store: Store) -> None:
    coder = await bot(store, "coder")
    await store.submit([letter(), letter(), letter()])
    await store.submit(
        [
            RecordDelivery(seq=1, bot_id=coder, state="acked", attempts=1, lease="1.1"),
            RecordDelivery(seq=2, bot_id=coder, state="leased", attempts=1, lease="1.2"),
        ]
    )
    page = await store.mailboxes.next_messages(coder, {"": 0}, 10)
    assert [m.seq for m in page.messages] == [3]
    (opened,) = (await store.mailboxes.load(coder)).open
    assert (opened.seq, opened.state, opened.lease) == (2, "leased", "1.2")
    assert [m.seq for m in await store.mailboxes.pending(coder, 0, 10)] == [2, 3]
    assert [m.seq for m in await store.mailboxes.pending(coder, 2, 10)] == [3]
    assert [m.seq for m in await store.mailboxes.messages([3, 99, 1])] == [3, 1]


async def test_cursors_only_move_on(store: Store) -> None:
    coder = await bot(store, "coder")
    for position in (5, 3):
        await store.submit([MoveCursors(bot_id=coder, direct=position, channels={})])
    assert (await store.mailboxes.load(coder)).positions == {"": 5}


async def test_history_by_bounds_and_thread(store: Store) -> None:
    root = await store.messages.save_message(letter())
    for _ in range(3):
        await store.messages.save_message(letter(reply_to=root.id, thread_id=root.id, hops=1))
    last = await store.messages.save_message(letter())
    thread = await store.trail.history(Scope(thread=root.id))
    assert [m.seq for m in thread] == [4, 3, 2, 1]
    assert [m.seq for m in await store.trail.history(Scope(thread=root.id, before=3))] == [2, 1]
    after = await store.trail.history(Scope(thread=root.id, after=1, limit=2))
    assert [m.seq for m in after] == [2, 3]
    assert await store.trail.history(Scope(thread=root.id, after=last.timestamp)) == []
    assert await store.trail.last_seq() == 5
    assert [m.seq for m in await store.trail.tail(3, None, None, 10)] == [4, 5]


async def test_the_life_of_a_message(store: Store) -> None:
    coder = await bot(store, "coder")
    asked = await store.messages.save_message(letter(sender_pid=77))
    life = await store.trail.life_of(asked.id)
    assert life is not None
    assert (life.sender_pid, [d.state for d in life.deliveries]) == (77, ["pending"])
    await store.messages.save_message(
        letter(reply_to=asked.id, thread_id=asked.id, hops=1, to="planner")
    )
    row = RecordDelivery(seq=1, bot_id=coder, state="dead", attempts=2, reason="broken")
    await store.submit([row])
    life = await store.trail.life_of(asked.id)
    assert life is not None
    (record,) = life.deliveries
    assert (record.bot, record.state, record.reason) == ("coder", "dead", "broken")
    assert [m.seq for m in life.replies] == [2]
    (dead,) = await store.trail.dead_letters(None, (0, ""), 10)
    assert (dead.bot, dead.message.id, dead.reason) == ("coder", asked.id, "broken")


async def test_the_daemons_own_are_found_by_name_and_in_no_list(store: Store) -> None:
    daemon = await bot(store, "botbus")
    await store.messages.create_channel("botbus.runs", daemon)
    await store.messages.create_channel("botbuses", daemon)
    assert [c.name for c in await store.messages.list_channels()] == ["botbuses"]
    assert await store.directory.list_bots("", 10) == []
    assert await store.directory.find_bot("botbus") is not None
    assert await store.directory.find_channel("botbus.runs") is not None


async def test_a_message_is_found_by_its_id(store: Store) -> None:
    saved = await store.messages.save_message(letter())
    found = await store.trail.find(saved.id)
    assert found is not None
    assert (found.seq, found.id, found.sender) == (saved.seq, saved.id, "planner")
    assert await store.trail.find(new_id()) is None


async def test_the_first_direct_reply_is_the_answer(store: Store) -> None:
    planner = await bot(store, "planner")
    await store.messages.create_channel("builds", planner)
    asked = await store.messages.save_message(letter(sender_id=planner))
    question = await store.trail.find(asked.id)
    assert question is not None
    assert await store.trail.first_reply(question, planner) is None
    reply = {"reply_to": asked.id, "thread_id": asked.id, "hops": 1}
    await store.messages.save_message(letter(channel="builds", **reply))
    await store.messages.save_message(letter(to="tester", **reply))
    answers = [await store.messages.save_message(letter(to="planner", **reply)) for _ in range(2)]
    answer = await store.trail.first_reply(question, planner)
    assert answer is not None
    assert answer.seq == answers[0].seq


async def test_the_chain_of_replies_names_the_senders(store: Store) -> None:
    root = last = await store.messages.save_message(letter(sender_name="ann"))
    for hops, name in enumerate(("bo", "cy"), 1):
        reply = letter(sender_name=name, hops=hops, reply_to=last.id, thread_id=root.id)
        last = await store.messages.save_message(reply)
    assert await store.trail.chain_of(last.id, 10) == ["cy", "bo", "ann"]
    assert await store.trail.chain_of(last.id, 2) == ["cy", "bo"]
    assert await store.trail.chain_of(new_id(), 10) == []


async def test_the_directory_by_name_and_id(store: Store) -> None:
    ids = {name: await bot(store, name) for name in ("cy", "ann", "bo")}
    assert [b.name for b in await store.directory.list_bots("", 2)] == ["ann", "bo"]
    assert [b.name for b in await store.directory.list_bots("bo", 10)] == ["cy"]
    for word in ("ann", ids["ann"]):
        found = await store.directory.find_bot(word)
        assert found is not None
        assert (found.id, found.name) == (ids["ann"], "ann")
    both = await store.directory.find_bots(["bo", "nobody", "ann"])
    assert {b.id for b in both} == {ids["bo"], ids["ann"]}
    assert await store.directory.find_bot("nobody") is None
    assert await store.directory.find_channel("nowhere") is None
