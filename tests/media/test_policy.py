"""What is said of a point holds for all it publishes, and being quiet is stronger than being heard."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.allocate import CHAIR, FLOOR, OTHERS, SCREEN
from media.policy import OPEN, Policy, is_screen, point_of

NAMES = st.sampled_from(["22", "22#screen", "22#sign", "7", "7#screen"])
MANY = st.lists(NAMES, max_size=4)


def test_everybody_is_heard_and_seen_until_something_is_said() -> None:
    assert not OPEN.closes("22", "audio") and not OPEN.closes("22", "video")


@given(NAMES, st.none() | MANY, st.none() | MANY, MANY, MANY)
def test_quiet_is_stronger_than_heard_and_says_nothing_of_pictures(
    name: str, heard: list[str] | None, seen: list[str] | None, quiet: list[str], stage: list[str]
) -> None:
    policy = Policy.of(heard, stage, seen, quiet)
    own = {name, point_of(name)}
    assert policy.closes(name, "audio") == (bool(own & set(quiet)) or (heard is not None and not own & set(heard)))
    assert policy.closes(name, "video") == (seen is not None and not own & set(seen))


@given(NAMES, st.none() | MANY, MANY, st.lists(st.sampled_from(["22", "7"])), MANY)
def test_the_sound_of_a_screen_passes_while_it_is_the_one_shared_and_no_word_on_microphones_is_about_it(
    name: str, heard: list[str] | None, seconds: list[str], quiet: list[str], stage: list[str]
) -> None:
    policy = Policy.of(heard, stage, None, quiet, stage, seconds)
    if is_screen(name):
        assert policy.closes(name, "audio") == (name not in seconds) == policy.closes(name, "video")
        assert Policy.of(heard, stage, None, [name], seconds=[name]).closes(name, "audio"), "named itself, it is silent"
    elif "#" in name:
        assert policy.closes(name, "audio") or name in seconds
        assert policy.closes(name, "audio") or heard is None or not {name, point_of(name)}.isdisjoint(heard), "an interpreter is no film"


def test_a_screen_matters_most_then_the_first_face_then_those_beside_it() -> None:
    policy = Policy.of(None, ["22#screen", "22", "7"])
    assert Policy.of(None, ["22"], aside=["9"]).rank("9") == FLOOR, "who reads an interpreter needs it as others need the sound"
    assert [policy.rank(name) for name in ("22#screen", "22", "7", "9", "9#screen")] == [SCREEN, FLOOR, CHAIR, OTHERS, SCREEN]
    assert SCREEN < FLOOR < CHAIR < OTHERS


def test_pictures_and_sounds_have_orders_of_their_own() -> None:
    policy = Policy.of(None, ["A", "B", "A"], voices=["C"])
    assert policy.first("video") == ("A", "B") and policy.first("audio") == ("C",)
