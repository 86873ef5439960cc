"""The course of a round: what is measured, one after the other.

Each measurement is a function of the stage that gives figures; their names are what the table, the
targets and the JSON refer to.
"""

from collections.abc import Callable
from functools import partial

from benchmarks.acts import delivering, fanning_out, floor, sending, stepping
from benchmarks.daemons import Daemon
from benchmarks.figures import Figures, Measured
from benchmarks.players import Player, player
from benchmarks.stage import Stage
from benchmarks.steps import STEPS

FLOORS = (
    *(("direct", batch) for batch in (1, 64, 512, 1024)),
    *(("channel", batch) for batch in (64, 1024)),
)
IN_FLIGHT = (64, 1024)
BATCH = 512
"""Messages in an atomic frame."""
AT_ONCE = 64
"""Messages in flight from the one who publishes to subscribers."""
STEP_BATCHES = (1, 16)
"""Steps in a commit of the floor."""

Measurement = Callable[[Stage], Measured]


def named(name: str, measured: Measured) -> Measured:
    return {f"{name}.{part}": value for part, value in measured.items()}


def sqlite(stage: Stage, kind: str, batch: int) -> Measured:
    rows = stage.sizes.commits if batch == 1 else max(stage.sizes.rows, batch)
    with stage.places.room() as room:
        found = stage.first.perform(floor.messages, str(room), kind, batch, rows)
    return named(f"floor.{kind}.{batch}", found)


def sqlite_steps(stage: Stage, batch: int) -> Measured:
    with stage.places.room() as room:
        rows = stage.sizes.commits * batch
        found = stage.first.perform(floor.steps, str(room), batch, rows)
    return named(f"floor.steps.{batch}", found)


def nng(stage: Stage) -> Measured:
    url = f"ipc://{stage.places.socket()}"
    count = stage.sizes.commits
    stage.second.begin(floor.nng_echo, url, count)
    found = stage.first.perform(floor.nng_call, url, count)
    stage.second.finish()
    return named("nng", found)


def bus(stage: Stage) -> Measured:
    """Everything that a daemon on a new database is asked for."""
    figures: Measured = {}
    with stage.daemon() as daemon:
        figures |= publishing(stage, daemon)
        figures |= delivery(stage, daemon)
        figures |= asking(stage, daemon)
        figures |= backlog(stage, daemon)
        for count in (0, *stage.sizes.subscribers):
            figures |= fan_out_to_the_absent(stage, daemon, count)
        for count in stage.sizes.subscribers:
            figures |= fan_out_to_listeners(stage, daemon, count)
    return figures


def publishing(stage: Stage, daemon: Daemon) -> Measured:
    url, sizes, sender = daemon.url, stage.sizes, stage.first
    figures = named("send.1", sender.perform(sending.send, url, "absent", sizes.singles, 1))
    for many in IN_FLIGHT:
        found = costed(
            daemon,
            sender,
            sizes.messages,
            partial(sender.perform, sending.send, url, "absent", sizes.messages, many),
        )
        figures |= named(f"send.{many}", found)
        found = sender.perform(sending.publish, url, "news", sizes.messages, many)
        figures |= named(f"publish.{many}", found)
    found = sender.perform(sending.send_batches, url, "absent", sizes.messages, BATCH)
    return figures | named(f"batch.{BATCH}", found)


def costed(daemon: Daemon, sender: Player, messages: int, act: Callable[[], Measured]) -> Measured:
    """What an act measures, and the processor time that a message took in either process."""
    before = daemon.cpu_seconds(), sender.cpu_seconds()
    found = act()
    after = daemon.cpu_seconds(), sender.cpu_seconds()
    sent = messages * (1 + sending.WARM_UP)
    found["daemon.cpu"] = (after[0] - before[0]) / sent * 1e6
    found["client.cpu"] = (after[1] - before[1]) / sent * 1e6
    return found


def delivery(stage: Stage, daemon: Daemon) -> Measured:
    count = stage.sizes.singles
    stage.second.begin(delivering.listen, daemon.url, "listener", count)
    stage.first.perform(delivering.trickle, daemon.url, "listener", count)
    return named("delivery", stage.second.finish())


def asking(stage: Stage, daemon: Daemon) -> Measured:
    count = stage.sizes.singles
    stage.second.begin(delivering.answer, daemon.url, "answerer", count)
    found = stage.first.perform(delivering.ask, daemon.url, "answerer", count)
    stage.second.finish()
    return named("ask", found)


def backlog(stage: Stage, daemon: Daemon) -> Measured:
    count = stage.sizes.messages
    stage.first.perform(sending.send, daemon.url, "consumer", count, max(IN_FLIGHT))
    found = stage.second.perform(delivering.consume, daemon.url, "consumer", count)
    return named("consume", found)


def fan_out_to_the_absent(stage: Stage, daemon: Daemon, subscribers: int) -> Measured:
    """What it costs to commit a message for subscribers that are away."""
    channel, sizes = f"away-{subscribers}", stage.sizes
    bots = [f"away-{number}" for number in range(subscribers)]
    stage.second.perform(fanning_out.subscribe, daemon.url, channel, bots)
    publish = partial(
        stage.first.perform, sending.publish, daemon.url, channel, sizes.messages, AT_ONCE
    )
    return named(f"absent.{subscribers}", costed(daemon, stage.first, sizes.messages, publish))


def fan_out_to_listeners(stage: Stage, daemon: Daemon, subscribers: int) -> Measured:
    """Deliveries a second, acked, to subscribers in two processes."""
    channel = f"here-{subscribers}"
    messages = max(stage.sizes.deliveries // subscribers, 2)
    bots = [f"here-{number}" for number in range(subscribers)]
    with player() as third:
        listeners = [stage.second, third] if subscribers > 1 else [stage.second]
        for number, listener in enumerate(listeners):
            share = bots[number :: len(listeners)]
            listener.begin(fanning_out.receive, daemon.url, channel, share, messages)
        stage.first.begin(fanning_out.burst, daemon.url, channel, messages, AT_ONCE)
        begun = stage.first.finish()["begin"]
        ended = max(listener.finish()["end"] for listener in listeners)
    return {f"listening.{subscribers}.rate": messages * subscribers / (ended - begun) * 1e9}


def workflows(stage: Stage) -> Measured:
    """Runs of ten steps in one worker: one after the other, 16 and 256 at once."""
    figures: Measured = {}
    worker = stage.first
    with stage.daemon() as daemon:
        many = stage.sizes.runs_at_once
        for at_once, runs in ((1, stage.sizes.runs), (16, many), (256, many)):
            work = partial(worker.perform, stepping.work, daemon.url, runs, at_once)
            figures |= named(f"steps.{at_once}", costed(daemon, worker, runs * STEPS, work))
    return figures


def round_of(peers: list[tuple[str, Measurement]]) -> list[tuple[str, Measurement]]:
    """The steps of a round, each with what to tell the one who waits for it."""
    steps: list[tuple[str, Measurement]] = [
        (
            f"SQLite alone, {kind} messages, {batch} a commit",
            partial(sqlite, kind=kind, batch=batch),
        )
        for kind, batch in FLOORS
    ]
    steps += [
        (f"SQLite alone, {batch} workflow steps a commit", partial(sqlite_steps, batch=batch))
        for batch in STEP_BATCHES
    ]
    return [*steps, ("NNG alone", nng), ("the bus", bus), ("workflows", workflows), *peers]


def play(
    stage: Stage,
    peers: list[tuple[str, Measurement]],
    figures: Figures,
    tell: Callable[[str], None],
) -> None:
    """All rounds of a run."""
    for number in range(stage.sizes.rounds):
        for title, measure in round_of(peers):
            tell(f"round {number + 1} of {stage.sizes.rounds}: {title}")
            figures.add(measure(stage))
