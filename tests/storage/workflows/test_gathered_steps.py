"""Steps that end in one batch are written with one statement, and each still stands by itself."""

from botbus_storage.operations import Operation
from botbus_storage.workflow_operations import BegunStep, Checkpointed
from tests.storage.letters import letter
from tests.storage.statements import statements_of
from tests.storage.workflows.scene import Scene, value


def writes(scene: Scene, *operations: Operation) -> int:
    """Statements that wrote while a batch was carried out."""
    with statements_of(scene.connection) as statements:
        scene.batch(*operations)
    return sum("INSERT INTO workflow_steps" in statement for statement in statements)


def test_many_steps_are_one_statement(scene: Scene) -> None:
    runs = [scene.started() for _ in range(16)]
    assert writes(scene, *(scene.finishing(run, lease) for run, lease in runs)) == 1
    assert writes(scene, *(scene.finishing(run, lease, "t") for run, lease in runs)) == 1
    assert all(scene.step(run, "t").status == "completed" for run, _ in runs)


def test_begun_steps_are_gathered_too(scene: Scene) -> None:
    runs = [scene.started() for _ in range(16)]
    for run, lease in runs:
        scene.begin(run, lease)
    assert writes(scene, *(scene.finishing(run, lease) for run, lease in runs)) == 1
    assert all(len(scene.steps(run)) == 1 for run, _ in runs)


def test_what_is_gathered_is_seen_by_what_follows_in_the_batch(scene: Scene) -> None:
    run, lease = scene.started()
    finish = scene.finishing(run, lease, output="1")
    _, begun, _, done = scene.batch(
        finish,
        scene.beginning(run, lease),
        scene.finishing(run, lease, "t"),
        scene.moving(run, "completed", lease=lease),
    )
    assert isinstance(begun, BegunStep)
    assert (begun.permitted, begun.step.status) == (False, "completed")
    assert not hasattr(done, "code")
    assert [s.status for s in scene.steps(run)] == ["completed", "completed"]


def test_a_step_that_is_gathered_is_not_permitted_again(scene: Scene) -> None:
    run, lease = scene.started()
    _, begun = scene.batch(scene.finishing(run, lease), scene.beginning(run, lease))
    assert isinstance(begun, BegunStep)
    assert (begun.permitted, begun.step.status) == (False, "completed")


def test_a_step_that_may_not_be_written_leaves_its_neighbours_alone(scene: Scene) -> None:
    run, lease = scene.started()
    other, other_lease = scene.started()
    scene.move(other, "cancelled")
    good, zombie, message, unknown = scene.batch(
        scene.finishing(run, lease),
        scene.finishing(other, other_lease),
        letter(),
        scene.finishing(scene.bot, lease),
    )
    assert isinstance(good, Checkpointed)
    assert [getattr(r, "code", None) for r in (zombie, message, unknown)] == [
        "lease_lost",
        None,
        "not_found",
    ]
    assert len(scene.steps(run)) == 1


def test_a_step_of_an_atomic_frame_stands_or_falls_with_it(scene: Scene) -> None:
    run, lease = scene.started()
    broken = scene.batch(letter(), scene.finishing(run, lease), letter(channel="no"), atomic=True)
    assert {getattr(r, "code", None) for r in broken} == {"not_found"}
    assert scene.steps(run) == []
    lost = scene.batch(letter(), scene.finishing(run, "0.0"), atomic=True)
    assert {getattr(r, "code", None) for r in lost} == {"lease_lost"}
    assert scene.connection.execute("SELECT count(*) FROM bot_messages").fetchone()[0] == 1
    whole = scene.batch(letter(), scene.finishing(run, lease), atomic=True)
    assert not any(hasattr(r, "code") for r in whole)
    assert len(scene.steps(run)) == 1


def test_a_step_that_waits_is_not_finished_by_what_is_gathered(scene: Scene) -> None:
    run, lease = scene.started()
    scene.wait(run, lease, "nap", "sleep", due_at=scene.clock.text(1))
    scene.finish(run, lease, "nap", output='"woken"')
    assert scene.run(run).waits == []
    assert scene.later(2).count == 0
    assert value(scene.step(run, "nap").output) == "woken"


def test_the_statement_for_steps_looks_them_up_by_index(scene: Scene) -> None:
    run, lease = scene.started()
    with statements_of(scene.connection) as statements:
        scene.finish(run, lease)
    (statement,) = (s for s in statements if "INSERT INTO workflow_steps" in s)
    plan = scene.connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
    assert any("SEARCH r USING INDEX idx_workflow_runs_id" in row[3] for row in plan), plan
