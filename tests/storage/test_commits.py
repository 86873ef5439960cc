"""The figures of commits: counted, timed, and whether the disk takes anything."""

from botbus_protocol.errors import Fault
from botbus_storage.commits import BOUNDS, RECENT, Commits


def full() -> Fault:
    return Fault("storage_full", "the disk is full")


def is_told(commits: Commits) -> bool:
    return commits.trouble is not None


def test_commits_are_counted_and_timed() -> None:
    commits = Commits()
    for milliseconds in range(1, 101):
        commits.done(milliseconds / 1000, 3, None)
    assert (commits.count, commits.operations, commits.largest) == (100, 300, 3)
    assert commits.quantiles(0.5, 0.99) == [0.051, 0.1]
    assert sum(commits.buckets) == 100
    assert commits.buckets[BOUNDS.index(0.001)] == 1, "the upper end belongs to the bucket"
    assert commits.buckets[BOUNDS.index(0.0025)] == 1


def test_a_very_long_one_is_counted_in_the_last_bucket() -> None:
    commits = Commits()
    commits.done(3600.0, 1, None)
    assert commits.buckets[-1] == 1


def test_only_recent_ones_are_remembered() -> None:
    commits = Commits()
    commits.done(9.0, 1, None)
    assert commits.quantiles(0.5) == [9.0]
    for _ in range(RECENT):
        commits.done(0.001, 1, None)
    assert commits.quantiles(1.0) == [0.001]
    assert commits.count == RECENT + 1


def test_without_commits_there_are_no_figures() -> None:
    assert Commits().quantiles(0.5, 0.99) == [0.0, 0.0]


def test_an_empty_transaction_counts_for_nothing() -> None:
    commits = Commits()
    commits.done(0.001, 0, None)
    assert commits.count == 0


def test_trouble_lasts_until_something_is_written() -> None:
    commits = Commits()
    first, second = full(), full()
    commits.done(0.001, 5, first)
    assert is_told(commits)
    commits.done(0.001, 0, first)  # the engine knows nothing new after an empty transaction
    commits.done(0.001, 5, second)
    assert (commits.failed, commits.count) == (2, 0)
    commits.done(0.001, 5, None)
    assert not is_told(commits)
    assert (commits.failed, commits.count, commits.operations) == (2, 1, 5)


def test_the_sync_is_told_beside_the_whole() -> None:
    commits = Commits()
    assert commits.sync_quantiles(0.5) == [0.0]
    for milliseconds in (1, 2, 3):
        commits.done(0.01, 1, None, milliseconds / 1000)
    assert commits.sync_quantiles(0.5, 0.99) == [0.002, 0.003]
    assert commits.quantiles(0.5) == [0.01]
