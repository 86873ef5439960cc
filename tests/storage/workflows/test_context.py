"""The context of a run: changed in the commit of a step, key by key, and never beyond its limit."""

from tests.storage.statements import statements_of
from tests.storage.workflows.scene import Scene, value


def test_a_context_changes_with_its_step(scene: Scene) -> None:
    run, lease = scene.started(context='{"a":1,"b":{"c":2}}')
    scene.finish(run, lease, "x", context=(("a", '"é"'), ("n", "[]")), context_limit=1000)
    scene.finish(run, lease, "y", context=(("b", None), ("n", "null")), context_limit=1000)
    assert value(scene.run(run).context) == {"a": "é", "n": None}
    assert scene.column(run, "context") == '{"a":1,"b":{"c":2}}'
    stored = len('{"a":1,"b":{"c":2}}') + len("a") + len('"é"'.encode()) + len("nnull") + len("b")
    assert scene.column(run, "context_bytes") == stored


def test_a_step_writes_what_it_changed_and_not_the_whole_context(scene: Scene) -> None:
    big = f'{{"big":"{"x" * 100_000}"}}'
    run, lease = scene.started(context=big)
    before = scene.connection.total_changes
    with statements_of(scene.connection) as statements:
        scene.finish(run, lease, context=(("small", "1"),), context_limit=10_000_000)
    assert scene.connection.total_changes - before == 3  # step, key, size
    assert not any("x" * 1000 in statement for statement in statements)
    assert value(scene.run(run).context)["small"] == 1


def test_a_context_that_would_be_too_large_is_refused_with_its_step(scene: Scene) -> None:
    run, lease = scene.started()
    operation = scene.finishing(run, lease, context=(("k", f'"{"x" * 100}"'),), context_limit=100)
    fault = scene.refused(operation)
    assert (fault.code, fault.details) == ("too_large", {"limit": 100})
    assert scene.steps(run) == []


def test_what_is_written_over_is_not_counted_twice(scene: Scene) -> None:
    run, lease = scene.started()
    for number in range(10):
        scene.finish(run, lease, f"s{number}", context=(("k", f'"{"x" * 40}"'),), context_limit=100)
    assert scene.column(run, "context_bytes") == len("{}") + len("k") + 42


def test_half_of_a_limit_is_worth_an_event_once(scene: Scene) -> None:
    run, lease = scene.started()
    change = (("k", f'"{"x" * 60}"'),)
    first = scene.finish(run, lease, "a", context=change, context_limit=100)
    second = scene.finish(run, lease, "b", context=(*change, ("l", "1")), context_limit=100)
    assert (first.context_bytes, second.context_bytes) == (65, 0)
    scene.finish(run, lease, "c", output=f'"{"x" * 60}"', output_limit=100)
    scene.finish(run, lease, "d", output=f'"{"x" * 40}"', output_limit=100)
    large = [event for event in scene.events if event["type"] == "run.large"]
    assert [(e.get("context_bytes"), e.get("step"), e.get("output_bytes")) for e in large] == [
        (65, None, None),
        (None, "c", 62),
    ]


def test_a_change_that_cannot_be_stored_takes_its_step_along(scene: Scene) -> None:
    run, lease = scene.started()
    good = scene.finishing(run, lease, "good")
    broken = scene.finishing(
        run, lease, "bad", context=(("k", "1"), ("l", "no json")), context_limit=1000
    )
    _, result = scene.batch(good, broken)
    assert getattr(result, "code", None) == "internal"
    assert [s.step_id for s in scene.steps(run)] == ["good"]
    assert value(scene.run(run).context) == {}
