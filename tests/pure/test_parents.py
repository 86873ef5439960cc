"""The memory of messages that may be replied to."""

from botbus_daemon.parents import REMEMBERED, Parents


def test_the_newest_are_remembered_and_memory_is_bounded() -> None:
    parents = Parents()
    for number in range(3 * REMEMBERED):
        parents.add(str(number), None, 0)
    assert all(parents.get(str(n)) for n in range(2 * REMEMBERED, 3 * REMEMBERED))
    assert parents.get("0") is None
    assert len(parents._young) + len(parents._old) <= 2 * REMEMBERED


def test_a_chain_keeps_its_thread() -> None:
    parents = Parents()
    parents.add("root", None, 0)
    parents.add("reply", "root", 1)
    known = [parents.get("root"), parents.get("reply")]
    assert [(p.thread, p.hops) for p in known if p] == [("root", 0), ("root", 1)]
    parents.forget("root")
    assert parents.get("root") is None
