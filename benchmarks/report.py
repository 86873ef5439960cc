"""The tables for people: figures beside the floor and the peers, then the targets."""

from collections.abc import Iterator

from rich.table import Table

from benchmarks import peers
from benchmarks.figures import quotient
from benchmarks.growth import BODIES, CONNECTIONS
from benchmarks.peers.peer import Peer
from benchmarks.run import Record
from benchmarks.targets import Verdict

NOTHING = "·"

Rows = tuple[tuple[str, str, str, str], ...]
"""Title, and the figures of the floor, of the bus, and of a peer; empty for what there is not."""


def tables(record: Record) -> Iterator[Table]:
    yield machine(record)
    yield side_by_side(record, "Sending and receiving", _SENDING, peers.SENDING)
    yield side_by_side(record, "Steps of workflows", _STEPPING, peers.STEPPING)
    yield others(record)
    yield targets(record)


def machine(record: Record) -> Table:
    table = Table(title=f"botbus {record.botbus}, durable, bodies of 200 bytes", show_header=False)
    for name, value in record.machine.items():
        table.add_row(name, str(value))
    table.add_row("rounds", f"{record.sizes.rounds}, figures are their medians")
    return table


def side_by_side(record: Record, title: str, rows: Rows, beside: tuple[Peer, ...]) -> Table:
    """What the bus does, in the columns of whoever can do the same."""
    notes = [peer.note for peer in beside if peer.note]
    table = Table(title=title, caption=" ".join(notes) or None)
    table.add_column("")
    for heading in ("SQLite alone", "botbus", "of the floor"):
        table.add_column(heading, justify="right")
    for peer in beside:
        table.add_column(peer.title, justify="right")
        table.add_column("botbus beside it", justify="right")
    for row, floor, ours, theirs in rows:
        cells = [_cell(record, floor), _cell(record, ours), _quotient(record, ours, floor)]
        for peer in beside:
            cells += _beside(record, ours, f"{peer.name}.{theirs}" if theirs else "", peer.name)
        table.add_row(row, *cells)
    return table


_SENDING: Rows = (
    ("one at a time, p50", "floor.direct.1.p50", "send.1.p50", "1.p50"),
    ("one at a time, p99", "floor.direct.1.p99", "send.1.p99", "1.p99"),
    ("64 in flight, direct", "floor.direct.64.rate", "send.64.rate", "64.rate"),
    ("64 in flight, channel", "floor.channel.64.rate", "publish.64.rate", "64.rate"),
    ("batches of 512", "floor.direct.512.rate", "batch.512.rate", ""),
    ("1,024 in flight, direct", "floor.direct.1024.rate", "send.1024.rate", "1024.rate"),
    ("1,024 in flight, channel", "floor.channel.1024.rate", "publish.1024.rate", "1024.rate"),
    ("publish to delivery, p50", "", "delivery.p50", "delivery.p50"),
    ("publish to delivery, p99", "", "delivery.p99", "delivery.p99"),
)
_STEPPING: Rows = (
    ("runs one after another", "floor.steps.1.rate", "steps.1.rate", "steps.1.rate"),
    ("16 runs at once", "floor.steps.16.rate", "steps.16.rate", "steps.16.rate"),
    ("256 runs at once", "", "steps.256.rate", ""),
    ("a run of ten, p50", "", "steps.1.p50", "steps.1.p50"),
)


def others(record: Record) -> Table:
    """Everything else that was measured, one figure a row."""
    table = Table(title="The rest")
    table.add_column("")
    table.add_column("median", justify="right")
    table.add_column("rounds", justify="right")
    for name, title in _TITLES.items():
        if name in record.figures:
            figure = record.figures[name]
            spread = f"{_number(min(figure.rounds))} to {_number(max(figure.rounds))}"
            table.add_row(title, _cell(record, name), spread)
    return table


_RUNS = ((1, "one run after another"), (16, "16 runs at once"), (256, "256 runs at once"))
_TITLES = {
    **{
        f"floor.{kind}.{batch}.shared.rate": f"SQLite alone, {batch:,} rows to one {to} a commit"
        for kind, to in (("direct", "bot"), ("channel", "channel"))
        for batch in (64, 1024)
    },
    "nng.p50": "NNG round trip alone, p50",
    "ask.p50": "ask to answer, p50",
    "ask.p99": "ask to answer, p99",
    "consume.rate": "backlog fetched and acked",
    "send.64.client.cpu": "64 in flight: client, a message",
    "send.64.daemon.cpu": "64 in flight: daemon, a message",
    "send.1024.client.cpu": "1,024 in flight: client, a message",
    "send.1024.daemon.cpu": "1,024 in flight: daemon, a message",
    **{f"absent.{n}.rate": f"publish to {n} subscribers away" for n in (0, 1, 10, 100)},
    **{f"absent.{n}.daemon.cpu": f"daemon, a message to {n} away" for n in (0, 1, 10, 100)},
    **{f"listening.{n}.rate": f"deliveries to {n} listening, acked" for n in (1, 10, 100)},
    **{
        f"{peer.name}.{many}.{way}.rate": f"{peer.name}, {many:,} at once, {way}"
        for peer in peers.SENDING
        for many in (64, 1024)
        for way in ("tasks", "pipelines")
    },
    **{
        f"{peer.name}.steps.{many}.{kind}.rate": f"{peer.name}, {runs}, {kind} steps"
        for peer in peers.STEPPING
        for many, runs in _RUNS
        for kind in ("async", "def")
    },
    **{
        f"steps.{many}.{process}.cpu": f"{runs}: {process}, a step"
        for many, runs in _RUNS
        for process in ("client", "daemon")
    },
    "takeover.p50": "worker killed to its step begun elsewhere, p50",
    "idle.bots.count": "idle bots",
    "idle.before.rss": "daemon before they came",
    "idle.after.rss": "daemon when all are there",
    "idle.quiet.busy": "daemon's processor time while nothing happens",
    "start.empty.ready": "start to ready, empty database",
    "start.large.ready": "start to ready, large database",
    "interrupted.runs.count": "runs interrupted by a crash",
    "start.runs.ready": "start to ready, interrupted runs",
    **{f"body.{n}.rate": f"64 in flight, bodies of {n:,} bytes" for n in BODIES},
    **{f"connections.{n}.rate": f"64 in flight through {n} connections" for n in CONNECTIONS},
    "syncs.1.count": "syncs for 1,000 messages, one at a time",
    "syncs.64.count": "syncs for 1,000 messages, 64 in flight",
    "large.messages.count": "messages in the large database",
    "large.send.64.rate": "64 in flight on the large database",
    "stored.messages.count": "messages in the largest database",
    "stored.send.64.rate": "64 in flight on the largest database",
    "stored.history.p50": "a page of 100 of its history, p50",
    "stored.history.p99": "a page of 100 of its history, p99",
    "listed.tasks.count": "tasks in the lists",
    "listed.tasks.p50": "a page of 100 of them, p50",
    "listed.tasks.p99": "a page of 100 of them, p99",
}


def targets(record: Record) -> Table:
    table = Table(title="Targets")
    for title, justify in (("", "left"), ("wanted", "right"), ("measured", "right"), ("", "left")):
        table.add_column(title, justify="right" if justify == "right" else "left")
    for verdict in record.targets:
        bound = f"{verdict.relation} {_number(verdict.bound)} {verdict.unit}".rstrip()
        value = NOTHING if verdict.value is None else _number(verdict.value)
        table.add_row(verdict.title, bound, value, judgement(verdict))
    return table


def judgement(verdict: Verdict) -> str:
    """Met, or missed by how much."""
    if verdict.met is None or verdict.margin is None:
        return "not measured"
    if verdict.met:
        return "[green]met[/green]"
    away = abs(verdict.margin - 1)
    return f"[red]missed by {away:.0%}[/red]"


def _beside(record: Record, ours: str, theirs: str, peer: str) -> list[str]:
    if record.peers[peer] is None:
        return ["not installed", NOTHING]
    return [_cell(record, theirs), _quotient(record, ours, theirs)]


def _cell(record: Record, name: str) -> str:
    if (figure := record.figures.get(name)) is None:
        return NOTHING
    return f"{_number(figure.median)} {figure.unit}".rstrip()


def _quotient(record: Record, ours: str, other: str) -> str:
    if ours not in record.figures or other not in record.figures:
        return NOTHING
    return f"{quotient(record.figures[ours].rounds, record.figures[other].rounds):.2f} x"


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}"
