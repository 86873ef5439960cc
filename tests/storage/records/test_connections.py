"""What any `ConnectionRepository` has to do."""

import msgspec

from botbus_protocol import timestamps
from botbus_protocol.grammar import new_id
from botbus_protocol.records import Connection
from botbus_storage.engine import SqliteEngine
from botbus_storage.operations import Changed
from botbus_storage.reading.records.connections import (
    ConnectionScope,
    ended_connections,
    get_connection,
    list_connections,
)
from botbus_storage.record_operations.connections import (
    CloseConnection,
    EndOverdue,
    ForgetConnections,
    HeartbeatConnection,
    NoteClient,
    OpenRecords,
    RegisterConnection,
)
from botbus_storage.record_operations.outcomes import Overdue
from botbus_storage.store import Store
from tests.storage.clock import Clock
from tests.storage.executing import outcome
from tests.storage.records.answers import ALL, refused


def registration(client: str = "browser", **fields: object) -> RegisterConnection:
    given = {"id": new_id(), "client_id": client, "connection_type": "websocket", **fields}
    return RegisterConnection(**{"heartbeat_secs": 30.0, **given})  # type: ignore[arg-type] # as given


def note(**fields: object) -> NoteClient:
    moment = timestamps.from_epoch(1_800_000_000)
    given = {
        "id": new_id(),
        "client_id": "coder",
        "user_id": "1000",
        "metadata": '{"pid":7}',
        "is_active": True,
        "first_seen_at": moment,
        "last_seen_at": moment,
    }
    return NoteClient(**{**given, **fields})  # type: ignore[arg-type] # as given


async def test_a_registered_connection_lives_by_its_heartbeats(store: Store) -> None:
    new = registration(user_id="7", metadata='{"agent":"x"}')
    there = (await store.connections.register_connection(new)).record
    assert (there.client_id, there.user_id, there.connection_type) == ("browser", "7", "websocket")
    assert msgspec.msgpack.decode(there.metadata) == {"agent": "x"}
    assert there.is_active
    assert there.expires_at is not None
    assert timestamps.to_epoch(there.expires_at) == timestamps.to_epoch(there.created_at) + 30
    assert (await store.connections.register_connection(new)).changed is False
    beat = (await store.connections.heartbeat_connection(new.id)).record
    assert beat.last_heartbeat > there.last_heartbeat
    closed = (await store.connections.close_connection(new.id)).record
    assert not closed.is_active
    assert (await store.connections.close_connection(new.id)).changed is False
    assert (await store.connections.heartbeat_connection(new.id)).record.is_active
    taken = registration("another", id=new.id)
    assert await refused(store.connections.register_connection(taken)) == "conflict"
    for method in (store.connections.heartbeat_connection, store.connections.close_connection):
        assert await refused(method(new_id())) == "not_found"


async def test_the_daemons_own_clients_are_nobody_elses_business(store: Store) -> None:
    own = note()
    await store.submit([own])
    for method in (store.connections.heartbeat_connection, store.connections.close_connection):
        assert await refused(method(own.id)) == "denied"
    await store.submit([msgspec.structs.replace(own, client_id="tester", is_active=False)])
    there = await store.connections.get_connection(own.id)
    assert there is not None
    assert (there.client_id, there.is_active, there.connection_type) == ("tester", False, "ipc")


async def test_lists_by_client_user_kind_and_presence(store: Store) -> None:
    own, gone = note(), note(client_id="tester", user_id="7", is_active=False)
    await store.submit([own, gone])
    web = registration("coder", user_id="7")
    await store.connections.register_connection(web)

    async def listed(**scope: object) -> set[str]:
        wanted = ConnectionScope(**scope)  # type: ignore[arg-type] # as given
        return {c.id for c in await store.connections.list_connections(wanted, ALL)}

    assert await listed() == {own.id, gone.id, web.id}
    assert await listed(is_active=True) == {own.id, web.id}
    assert await listed(is_active=False) == {gone.id}
    assert await listed(client_id="coder") == {own.id, web.id}
    assert await listed(user_id="7", connection_type="ipc") == {gone.id}


def found(engine: SqliteEngine, connection_id: str) -> Connection:
    there = get_connection(engine.connection, connection_id)
    assert there is not None
    return there


def test_one_that_is_silent_is_inactive(timed: SqliteEngine, clock: Clock) -> None:
    web, other = registration(), registration(heartbeat_secs=3600.0)
    outcome(timed, web)
    outcome(timed, other)
    clock.now += 20
    outcome(timed, HeartbeatConnection(id=web.id))
    clock.now += 20
    due = timestamps.from_epoch(clock.now + 10)
    assert outcome(timed, EndOverdue(most=9)) == Overdue(next_due_at=due)
    clock.now += 11
    ended = outcome(timed, EndOverdue(most=9))
    assert isinstance(ended, Overdue)
    assert (ended.count, ended.next_due_at) == (1, found(timed, other.id).expires_at)
    assert not found(timed, web.id).is_active
    outcome(timed, CloseConnection(id=other.id))
    assert outcome(timed, EndOverdue(most=9)) == Overdue()


def test_nobody_is_connected_when_a_daemon_starts(timed: SqliteEngine) -> None:
    web, own = registration(), note()
    outcome(timed, web)
    outcome(timed, own)
    assert outcome(timed, OpenRecords()) == Overdue()
    active = ConnectionScope(is_active=True)
    assert list_connections(timed.connection, active, ALL) == []


def test_old_clients_are_forgotten_and_nobody_else(timed: SqliteEngine) -> None:
    moments = [timestamps.from_epoch(1_800_000_000 + n) for n in range(5)]
    gone = [note(is_active=False, first_seen_at=moment) for moment in moments]
    here, web = note(first_seen_at=moments[0]), registration()
    for operation in (*gone, here, web, CloseConnection(id=web.id)):
        outcome(timed, operation)
    assert outcome(timed, ForgetConnections(keep_clients=2)) == Changed(count=3)
    left = {c.id for c in list_connections(timed.connection, ConnectionScope(), ALL)}
    assert left == {gone[3].id, gone[4].id, here.id, web.id}


def test_what_ended_long_ago_is_forgotten_of_all_kinds(timed: SqliteEngine) -> None:
    moments = [timestamps.from_epoch(1_800_000_000 + n) for n in range(3)]
    gone = [note(is_active=False, last_seen_at=moment) for moment in moments]
    here, web, other = note(last_seen_at=moments[0]), registration(), registration()
    long_ago = timestamps.from_epoch(1_700_000_000)
    for operation in (*gone, here, web, other, CloseConnection(id=web.id)):
        outcome(timed, operation)
    assert ended_connections(timed.connection) == (3, moments[0])
    for before, count in ((long_ago, 0), (moments[1], 2), (timestamps.from_epoch(2e9), 2)):
        forget = ForgetConnections(last_seen_before=before, keep_clients=9)
        assert outcome(timed, forget) == Changed(changed=count > 0, count=count)
    left = {c.id for c in list_connections(timed.connection, ConnectionScope(), ALL)}
    assert left == {here.id, other.id}
