"""Names and ids."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botbus_protocol.grammar import (
    are_ids,
    check_id,
    check_name,
    check_name_or_id,
    is_id,
    looks_like_id,
    new_id,
)
from tests.daemon import plain
from tests.protocol import strategies as wire

ALLOWED = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


@given(wire.names)
def test_names_of_the_grammar_are_taken(name: str) -> None:
    assert check_name(name, "bot") == name
    assert check_name_or_id(name, "bot") == name


@given(st.text(max_size=70))
def test_no_other_text_is(text: str) -> None:
    if 1 <= len(text) <= 64 and set(text) <= ALLOWED:
        return
    for check in (check_name, check_name_or_id):
        with pytest.raises(ValueError, match="1-64 of"):
            check(text, "bot")
    with pytest.raises(ValueError, match="UUIDv7"):
        check_id(text, "id")


@pytest.mark.parametrize("name", ["a\n", "\na", "a b", "ä", "a/b", "", "x" * 65, "\u0661", "a\0"])
def test_what_looks_harmless_is_refused_too(name: str) -> None:
    with pytest.raises(ValueError, match="is not a name"):
        check_name(name, "to")


@pytest.mark.parametrize("make", [new_id, plain.new_id])
def test_an_id_is_a_uuid_of_version_7(make: "type[str]") -> None:
    made = [make() for _ in range(100)]
    assert len({*made}) == 100
    for text in made:
        assert check_id(text, "id") == text
        assert check_name_or_id(text, "to") == text
        assert uuid.UUID(text).version == 7
        assert looks_like_id(text)


def test_ids_sort_by_when_they_were_made() -> None:
    made = [new_id() for _ in range(1000)]
    assert made == sorted(made)


almost_ids = st.builds(
    lambda text, place, other: text[:place] + other + text[place + 1 :],
    wire.ids,
    st.integers(0, 36),
    st.sampled_from(["", "-", "7", "8", "g", "A", " ", "\n", "\0", "\u0661", "ab"]),
)


@given(st.lists(wire.ids | almost_ids | st.text(max_size=40), min_size=1, max_size=4))
def test_ids_are_told_together_as_each_is_alone(texts: list[str]) -> None:
    assert are_ids(texts) == all(is_id(text) is not None for text in texts)


@pytest.mark.parametrize("place", [0, 7, 8, 13, 14, 18, 19, 23, 24, 35])
@pytest.mark.parametrize("other", ["-", "0", "4", "c", "g", "A"])
def test_every_place_of_an_id_is_looked_at(place: int, other: str) -> None:
    text = "01a1fe44-af61-768e-bb7f-6fd468ada19f"
    changed = text[:place] + other + text[place + 1 :]
    assert are_ids([text, changed]) == (is_id(changed) is not None)


def test_dashes_that_have_changed_places_are_seen() -> None:
    assert not are_ids(["01a1fe4-4af61-768e-bb7f-6fd468ada19f"])
    assert not are_ids(["01a1fe44-af61-768e-bb7f6-fd468ada19f"])


@given(wire.ids, st.integers(1, 35))
def test_ids_that_are_whole_only_together_are_none(text: str, cut: int) -> None:
    assert not are_ids([text[:cut], text[cut:]])
    assert not are_ids([text + text[:cut], text[cut:]])


@given(st.uuids(version=4))
def test_other_uuids_are_neither_ids_nor_names(other: uuid.UUID) -> None:
    for text in (str(other), str(other).upper()):
        with pytest.raises(ValueError, match="UUIDv7"):
            check_id(text, "id")
        with pytest.raises(ValueError, match="shape of an id"):
            check_name(text, "to")
        with pytest.raises(ValueError, match="shape of an id"):
            check_name_or_id(text, "to")


@pytest.mark.parametrize("variant", "01234567cdef")
def test_a_uuid_of_another_variant_is_no_id(variant: str) -> None:
    with pytest.raises(ValueError, match="UUIDv7"):
        check_id(f"01890a5d-ac96-774b-{variant}cce-b302099a8057", "id")


def test_the_sentence_shows_a_long_text_shortened() -> None:
    with pytest.raises(ValueError, match="x…") as caught:
        check_name("x" * 10_000, "to")
    assert len(str(caught.value)) < 200
