"""What runs wait for, read at a start; and the messages that lie there already."""

from typing import Any

import pytest

from botbus_protocol.records import Message
from botbus_storage.operations import MoveCursors, RecallMessage, RecordDelivery
from botbus_storage.reading.waits import OpenWait
from botbus_storage.store import Store
from botbus_storage.workflow_operations import BeginStep, StepWait
from tests.storage.letters import SENDER, letter
from tests.storage.workflows.forms import NOBODY, bot, claimed_run, definition, new_run

NOW = "2026-06-01T00:00:00.000000Z"
SOON = "2026-06-01T00:00:01.000000Z"
LATER = "2999-01-01T00:00:00.000000Z"


async def wait_for(store: Store, run_id: str, step: str, wait: StepWait) -> None:
    await store.submit(
        [BeginStep(run=run_id, step=step, lease="1.1", name="", kind=wait.kind, wait=wait)]
    )


async def test_all_that_wait_for_messages_oldest_first(store: Store) -> None:
    await store.workflows.save_definition(definition())
    run_id = await claimed_run(store)
    await store.messages.create_channel("builds", NOBODY)
    asked = StepWait(
        kind="message",
        bot_id=NOBODY,
        type="answer",
        sender="coder",
        reply_to=SENDER,
        where='{"ok":true}',
        due_at=LATER,
    )
    listening = StepWait(kind="message", channel="builds")
    verdict = StepWait(kind="approval", bot_id=NOBODY, reply_to=SENDER)
    for step, wait in [("z", asked), ("y", listening), ("x", verdict)]:
        await wait_for(store, run_id, step, wait)
    await wait_for(store, run_id, "w", StepWait(kind="approval"))
    await wait_for(store, run_id, "v", StepWait(kind="sleep", due_at=SOON))
    opened = await store.runs.open_waits()
    assert [(o.run, o.step, o.wait) for o in opened] == [
        (run_id, "z", asked),
        (run_id, "y", listening),
        (run_id, "x", verdict),
    ]
    assert await store.runs.earliest_due() == SOON


async def test_the_earliest_end_of_all_waits(store: Store) -> None:
    assert await store.runs.earliest_due() is None
    await store.workflows.save_definition(definition())
    await new_run(store, due_at=LATER)
    await new_run(store, due_at=SOON)
    assert await store.runs.earliest_due() == SOON
    assert await store.runs.open_waits() == []


def wanted(**wait: Any) -> OpenWait:
    after_seq = wait.pop("after_seq", 0)
    return OpenWait(run="r", step="s", wait=StepWait(kind="message", **wait), after_seq=after_seq)


async def seqs(store: Store, wait: OpenWait, **page: Any) -> list[int]:
    return [message.seq for message in await store.runs.messages_for(wait, NOW, **page)]


async def deliver(store: Store, seq: int, bot_id: str, state: Any) -> None:
    await store.submit([RecordDelivery(seq=seq, bot_id=bot_id, state=state, attempts=1)])


async def test_what_lies_unsettled_in_a_mailbox(store: Store) -> None:
    coder = await bot(store, "coder")
    await store.submit([letter() for _ in range(8)])
    await deliver(store, 1, coder, "acked")
    await deliver(store, 2, coder, "leased")
    await deliver(store, 3, coder, "waiting")
    await deliver(store, 4, coder, "dead")
    await deliver(store, 6, coder, "acked")
    await store.submit([MoveCursors(bot_id=coder, direct=5, channels={})])
    await store.submit([RecallMessage(id=(await message(store, 7)).id, sender_id=SENDER)])
    mailbox = wanted(bot_id=coder)
    assert await seqs(store, mailbox) == [2, 3, 8]
    assert await seqs(store, mailbox, limit=2) == [2, 3]
    assert await seqs(store, mailbox, after=3) == [8]
    assert await seqs(store, mailbox, after=8) == []


async def message(store: Store, seq: int) -> Message:
    (found,) = await store.mailboxes.messages([seq])
    return found


async def test_what_has_expired_is_not_there_and_what_is_not_due_yet_is(store: Store) -> None:
    coder = await bot(store, "coder")
    await store.submit(
        [
            letter(expires_at=NOW),
            letter(expires_at=LATER),
            letter(deliver_at=LATER),
            letter(deliver_at=NOW),
        ]
    )
    await deliver(store, 3, coder, "waiting")
    await deliver(store, 4, coder, "waiting")
    assert await seqs(store, wanted(bot_id=coder)) == [2, 3, 4]


@pytest.mark.parametrize("replies", [False, True])
async def test_by_type_sender_and_what_it_answers(store: Store, *, replies: bool) -> None:
    coder = await bot(store, "coder")
    asked = await store.messages.save_message(letter(to="tester"))
    other = await store.messages.save_message(letter(to="tester"))
    fields: dict[str, Any] = {"type": "answer", "sender_name": "tester"}
    if replies:
        fields |= {"reply_to": asked.id, "thread_id": asked.id, "hops": 1}
    fitting = {**fields}
    await store.submit(
        [
            letter(**fitting),
            letter(**{**fitting, "type": "question"}),
            letter(**{**fitting, "sender_name": "planner"}),
            letter(**{**fitting, "to": "somebody"}),
            letter(**fitting),
        ]
    )
    if replies:
        away = {"reply_to": other.id, "thread_id": other.id}
        await store.submit([letter(**{**fitting, **away})])
    reply_to = asked.id if replies else None
    wait = wanted(bot_id=coder, type="answer", sender="tester", reply_to=reply_to)
    assert await seqs(store, wait) == [3, 7]
    await deliver(store, 3, coder, "acked")
    assert await seqs(store, wait) == [7]
    await deliver(store, 7, coder, "waiting")
    await store.submit([MoveCursors(bot_id=coder, direct=7, channels={})])
    assert await seqs(store, wait) == [7]


async def test_answers_further_down_a_thread(store: Store) -> None:
    coder = await bot(store, "coder")
    root = await store.messages.save_message(letter())
    asked = await store.messages.save_message(letter(reply_to=root.id, thread_id=root.id))
    await store.messages.save_message(letter(reply_to=asked.id, thread_id=root.id))
    assert await seqs(store, wanted(bot_id=coder, reply_to=asked.id)) == [3]
    assert await seqs(store, wanted(bot_id=coder, reply_to=NOBODY)) == []


async def test_in_a_channel_after_a_seq_whoever_has_read_it(store: Store) -> None:
    coder = await bot(store, "coder")
    for channel in ("builds", "other"):
        await store.messages.create_channel(channel, coder)
    root = await store.messages.save_message(letter(channel="builds"))
    reply = {"reply_to": root.id, "thread_id": root.id}
    await store.submit(
        [
            letter(channel="builds"),
            letter(channel="other"),
            letter(channel="builds", **reply),
            letter(),
        ]
    )
    await deliver(store, 2, coder, "acked")
    assert await seqs(store, wanted(channel="builds", after_seq=1)) == [2, 4]
    assert await seqs(store, wanted(channel="builds", after_seq=1), after=2) == [4]
    assert await seqs(store, wanted(channel="builds", after_seq=4)) == []
    assert await seqs(store, wanted(channel="builds", reply_to=root.id)) == [4]
