"""run list and the words that name a run: its id, its key, or a piece of its id."""

import botbus
from tests.cli.command import Botbus, Outcome
from tests.cli.playing import key


def test_runs_are_found_by_what_they_are(run: Botbus, planner: botbus.SyncBus) -> None:
    planner.workflows.save({"name": "found"}, owner_type="global")
    word = f"w{botbus.new_id()[-12:]}"
    first = planner.runs.create("found", {"say": word}, key=f"key-{word}")
    second = planner.runs.create("found", concurrency_key=f"lane-{word}")
    third = planner.runs.create("found", concurrency_key=f"lane-{word}")
    planner.runs.update_status(second.id, "cancelled", error=f"not {word}")

    def listed(*words: str) -> list[str]:
        done = run("run", "list", *words, "--json")
        assert done.code == 0, done.err
        return [one["id"] for one in done.objects]

    assert listed("--workflow", "found", "--limit", "2") == [third.id, second.id]
    assert listed("--workflow", first.workflow_id, "--state", "cancelled")[0] == second.id
    assert listed("--key", f"key-{word}") == [first.id]
    assert listed("--key", f"lane-{word}") == [third.id, second.id]
    assert listed("--text", word) == [second.id, first.id]
    assert listed("--since", first.created_at, "--workflow", "found") == [third.id, second.id]
    assert listed("--until", second.created_at, "--text", word) == [first.id]
    table = run("run", "list", "--key", f"lane-{word}").out.splitlines()
    assert table[0].startswith("run           workflow  status ")
    assert table[1].startswith(f"{third.id[-12:]}  found     pending ")
    assert run("run", "--key", f"key-{word}", "--json").object["id"] == first.id
    nothing = run("run", "list", "--text", f"no-{word}")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "there is no such run\n")


def told(run: Botbus, word: str) -> Outcome:
    return run("run", "why", word, "--json")


def test_a_run_is_named_by_id_key_or_a_piece_of_its_id(
    run: Botbus, planner: botbus.SyncBus
) -> None:
    planner.workflows.save({"name": "named"}, owner_type="global")
    one, two = (planner.runs.create("named", key=key()) for _ in range(2))
    assert one.key is not None
    for word in (one.id, one.key, one.id[-12:], one.id[-12:].upper(), one.id[:-1]):
        assert told(run, word).object["id"] == one.id, word
    both = told(run, one.id[:6])
    assert (both.code, both.out) == (1, "")
    assert both.err.startswith("botbus: conflict: ")
    assert one.id in both.err or two.id in both.err or "more" in both.err
    planner.runs.create("named", concurrency_key="named-lane")
    for word in ("never-made", "named-lane", "abc", botbus.new_id()):
        missing = told(run, word)
        assert (missing.code, missing.err.startswith("botbus: not_found: ")) == (1, True), word


def test_a_key_of_two_workflows_is_no_name(run: Botbus, planner: botbus.SyncBus) -> None:
    name = key()
    for workflow in ("named", "other-named"):
        planner.workflows.save({"name": workflow}, owner_type="global")
        planner.runs.create(workflow, key=name)
    both = told(run, name)
    assert (both.code, both.err.startswith("botbus: conflict: ")) == (1, True)
    assert "(named)" in both.err
    assert "(other-named)" in both.err
