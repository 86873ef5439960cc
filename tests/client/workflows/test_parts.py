"""The parts that need no daemon: memos, derived values, backoff, the silent logger, what waits."""

import logging
import math
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any

import msgspec
import pytest

import botbus
from botbus.workflows.context import Context
from botbus.workflows.derived import derived_id, derived_number
from botbus.workflows.errors import step_error, text_of
from botbus.workflows.memo import Memo
from botbus.workflows.replay_log import RunLogger
from botbus.workflows.retrying import MOST_BACKOFF, Rules, checked_rules
from botbus.workflows.shape import shape_of
from botbus.workflows.waits import LINGER, SETTLE, Waits, patience
from botbus_protocol.grammar import check_id, new_id
from botbus_protocol.records import Step
from botbus_protocol.run_events import CRASHED

RUN = new_id()


def row(step: str, status: Any, **more: Any) -> Step:
    return Step(seq=1, id=new_id(), run_id=RUN, step_id=step, name=step, status=status, **more)


class TestMemo:
    def test_a_finished_step_gives_its_row_once(self) -> None:
        memo = Memo([row("tag", "completed", output="v1")])
        assert memo.replaying
        past = memo.take("tag")
        assert past is not None
        assert past.end is not None
        assert past.end.output == "v1"
        assert not memo.replaying

    def test_a_name_used_twice_says_what_to_do(self) -> None:
        memo = Memo()
        assert memo.take("tag") is None
        with pytest.raises(botbus.Invalid, match=r"'tag' is used twice .* f'tag-\{n\}'"):
            memo.take("tag")

    def test_only_failures_of_its_own_count_as_tries(self) -> None:
        failed = {"status": "failed", "completed_at": "2026-01-01T00:00:00.000000Z"}
        past = Memo(
            [
                row("tag", error="ValueError: no", attempt=1, **failed),
                row("tag", error=CRASHED, attempt=2, **failed),
                row("tag", "running", attempt=3),
            ]
        ).take("tag")
        assert past is not None
        assert (past.end, past.failures, past.attempts) == (None, 1, 3)
        assert past.failed_at == datetime(2026, 1, 1, tzinfo=UTC).timestamp()

    def test_what_a_retry_set_aside_is_not_known(self) -> None:
        assert Memo([row("tag", "completed", superseded=True)]).take("tag") is None

    def test_a_final_failure_is_an_end(self) -> None:
        past = Memo([row("tag", "failed", final=True, error="no")]).take("tag")
        assert past is not None
        assert past.end is not None


class TestDerived:
    def test_ids_are_valid_and_follow_from_run_and_name(self) -> None:
        found = derived_id(RUN, "tag")
        assert check_id(found, "id") == found == derived_id(RUN, "tag")
        assert uuid.UUID(found).version == 7
        assert found[:13] == RUN[:13]
        others = {derived_id(RUN, f"tag {n}") for n in range(1000)} | {derived_id(new_id(), "tag")}
        assert len(others | {found}) == 1002

    def test_numbers_fill_the_room_from_0_to_1(self) -> None:
        numbers = [derived_number(RUN, str(n)) for n in range(1000)]
        assert all(0 <= number < 1 for number in numbers)
        assert 0.4 < sum(numbers) / 1000 < 0.6
        assert derived_number(RUN, "1") == numbers[1]


class TestBackoff:
    def test_it_doubles_up_to_a_bound_and_is_jittered(self) -> None:
        rules = Rules(100, 1.0, None)
        for failures in range(1, 100):
            delays = [rules.delay(new_id(), "tag", failures) for _ in range(50)]
            most = min(MOST_BACKOFF, 2.0 ** (failures - 1))
            assert all(0 <= delay < most for delay in delays)
            assert max(delays) > most / 2

    def test_whoever_takes_it_up_waits_for_the_same_moment(self) -> None:
        rules = Rules(3, 1.0, None)
        assert rules.delay(RUN, "tag", 2) == rules.delay(RUN, "tag", 2)

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({"retries": -1}, "retries must be 0 or more"),
            ({"retries": "3"}, "retries must be 0 or more"),
            ({"backoff": -1}, "backoff must be seconds"),
            ({"timeout": 0}, "timeout must be seconds above 0"),
        ],
    )
    def test_what_cannot_be_is_refused(self, options: dict[str, Any], sentence: str) -> None:
        with pytest.raises(botbus.Invalid, match=f"step 'tag': {sentence}"):
            checked_rules("tag", **{"retries": 0, "backoff": 1.0, "timeout": None, **options})


class TestLogger:
    def test_it_is_silent_while_there_is_something_to_repeat(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        memo = Memo([row("tag", "completed")])
        log = RunLogger("release", RUN, memo)
        with caplog.at_level(logging.INFO):
            log.info("before")
            memo.take("tag")
            log.info("after")
        (record,) = caplog.records
        assert (record.name, record.message) == ("botbus.workflow.release", "after")
        assert record.__dict__["run"] == RUN


class TestContext:
    def test_changes_travel_once(self) -> None:
        context = Context({"a": 1, "b": 2})
        context["c"] = datetime(2026, 1, 1, tzinfo=UTC)
        del context["a"]
        assert context.take() == {"c": "2026-01-01T00:00:00Z", "a": None}
        assert context.take() is None
        assert context.whole() == {"b": 2, "c": "2026-01-01T00:00:00Z"}

    def test_what_json_cannot_hold_is_refused_where_it_is_assigned(self) -> None:
        with pytest.raises(botbus.Invalid, match=r"context\['a'\] has a object"):
            Context()["a"] = object()


class TestWaits:
    def test_a_run_is_idle_when_all_branches_wait(self) -> None:
        waits = Waits()
        found = [waits.idle]
        waits.busy += 1
        waits.begin("ci", 0.0)
        found.append(waits.idle)
        waits.busy -= 1
        found.append(waits.idle)
        waits.end("ci")
        assert [*found, waits.idle] == [False, False, True, False]

    def test_something_that_happens_is_noticed(self) -> None:
        waits = Waits()
        before = waits.stirs
        waits.begin("ci", 0.0)
        waits.end("ci")
        assert waits.stirs == before + 2

    def test_the_first_that_goes_on_by_itself_tells_when(self) -> None:
        waits = Waits()
        first = waits.retry_in
        waits.begin("a", 0.0, monotonic() + 100)
        waits.begin("b", 0.0, monotonic() + 50)
        assert (first, round(waits.retry_in or 0)) == (None, 50)

    def test_patience_is_for_what_may_come_soon_and_where_there_is_room(self) -> None:
        assert patience("message", None, crowded=False) == LINGER
        assert patience("sleep", 0.1, crowded=False) > 0.1
        assert patience("sleep", 30, crowded=False) == SETTLE
        assert patience("approval", None, crowded=False) == SETTLE
        assert patience("message", None, crowded=True) == SETTLE


@dataclass
class Tag:
    name: str
    made: datetime


class Commit(msgspec.Struct):
    sha: str
    parents: tuple[str, ...] = ()


class TestShapes:
    @pytest.mark.parametrize(
        ("value", "kind"),
        [
            (Tag("v1", datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)), Tag),
            (Commit("abc", ("d", "e")), Commit),
            ([Commit("abc")], list[Commit]),
            ({1: 2.5}, dict[int, float]),
            (("a", 1), tuple[str, int]),
            (datetime(2026, 1, 2), datetime),  # noqa: DTZ001 - naive ones are kept too
            (None, type(None)),
            ("text", str),
            ({"a": [1, None, True]}, dict),
        ],
        ids=repr,
    )
    def test_the_annotated_type_comes_back(self, value: Any, kind: Any) -> None:
        def function() -> Any: ...

        function.__annotations__["return"] = kind
        shape = shape_of(function)
        stored, result = shape.taken(value, "the result")
        again = msgspec.json.decode(msgspec.json.encode(stored))
        assert result == value
        assert shape.restored(stored, "the result") == value
        assert shape.restored(again, "the result") == value

    def test_without_annotation_json_values_come_back(self) -> None:
        shape = shape_of(lambda: None)
        plain = {"name": "v1", "made": "2026-01-01T00:00:00Z"}
        assert shape.taken(Tag("v1", datetime(2026, 1, 1, tzinfo=UTC)), "it") == (plain, plain)
        assert shape.taken((1, 2), "it") == ([1, 2], [1, 2])

    def test_a_copy_is_given_so_that_nobody_changes_what_is_stored(self) -> None:
        given = {"a": [1]}
        stored, result = shape_of(lambda: None).taken(given, "it")
        assert stored is not given
        assert result is not given

    @pytest.mark.parametrize("value", [object(), {"a": object()}, [object], lambda: 1])
    def test_what_json_cannot_hold_is_named(self, value: Any) -> None:
        with pytest.raises(botbus.Invalid, match=r"the result has a .*, which JSON cannot hold"):
            shape_of(lambda: None).taken(value, "the result")

    def test_what_contradicts_its_annotation_is_said(self) -> None:
        def number() -> int:
            return "one"  # type: ignore[return-value] # on purpose

        with pytest.raises(botbus.Invalid, match="not what its annotation says: Expected `int`"):
            shape_of(number).taken(number(), "the result")

    def test_what_is_no_number_is_left_for_the_daemon_to_refuse(self) -> None:
        def number() -> float:
            return float("nan")

        assert all(math.isnan(part) for part in shape_of(number).taken(number(), "the result"))

    def test_who_is_awaited(self) -> None:
        async def slow(_: int) -> int:
            return 1

        class Callable:
            async def __call__(self) -> int:
                return 1

        for awaited in (slow, partial(slow, 1), Callable()):
            shape = shape_of(awaited)
            assert (shape.is_async, shape.type) == (True, int)
        assert shape_of(lambda: slow(1)).is_async is False
        assert shape_of(len).is_async is False


class TestErrors:
    def test_a_timeout_is_a_step_failed_and_a_timeout(self) -> None:
        error = step_error("ci", "timeout: no message came within 5 s")
        assert isinstance(error, botbus.StepFailed)
        assert isinstance(error, botbus.Timeout)
        assert type(step_error("ci", "boom")) is botbus.StepFailed

    def test_texts_of_errors(self) -> None:
        assert text_of(ValueError("no")) == "ValueError: no"
        assert text_of(KeyError()) == "KeyError"
        assert text_of(botbus.NotFound("there is no bot")) == "there is no bot"
        group = ExceptionGroup("many", [ValueError("a"), ExceptionGroup("x", [ValueError("b")])])
        assert text_of(group) == "ValueError: a; ValueError: b"
