"""A point is away while all it sends with is silent; told once, and taken back whatever order the sessions end in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from web.silent import Silent


def test_who_sends_is_away_when_that_is_silent_though_it_still_receives() -> None:
    away = Silent()
    assert away.up("r", "22", "publish", "p") is None and away.up("r", "22", "subscribe", "s") is None
    assert away.heard("r", "22", "subscribe", "s", away=True) is None
    assert away.heard("r", "22", "publish", "p", away=True) == ("r", "22", True)
    assert away.names("r") == ["22"] and away.names("other") == []
    assert away.heard("r", "22", "publish", "p", away=True) is None, "once"
    assert away.up("r", "22", "publish", "p2") == ("r", "22", False), "it came back with a session of its own"
    assert away.down("p") is None and away.names("r") == []


def test_who_only_receives_is_away_when_all_of_that_is_silent() -> None:
    away = Silent()
    away.up("r", "22", "subscribe", "television"), away.up("r", "22", "subscribe", "page")
    assert away.heard("r", "22", "subscribe", "page", away=True) is None
    assert away.heard("r", "22", "subscribe", "television", away=True) == ("r", "22", True)
    assert away.heard("r", "22", "subscribe", "page", away=False) == ("r", "22", False)


def test_who_leaves_is_away_no_longer_and_nothing_is_said() -> None:
    away = Silent()
    away.up("r", "22", "publish", "p")
    away.heard("r", "22", "publish", "p", away=True)
    assert away.down("p") is None and away.names("r") == ["22"], "it may have made way for the session that it comes back with"
    away.left("r", "22")
    assert away.names("r") == []
    away.heard("r", "22", "publish", "lost with its process", away=True)
    away.left("r", "22")
    assert away.names("r") == [] and away.down("lost with its process") is None


@given(st.lists(st.tuples(st.sampled_from(["up", "away", "back", "down", "left"]), st.sampled_from("AB"), st.sampled_from(["publish", "subscribe"]),
                          st.integers(0, 2)), max_size=60))
def test_what_was_told_is_what_is_so_and_nothing_stays_behind(script: list[tuple[str, str, str, int]]) -> None:
    away, told = Silent(), dict.fromkeys("AB", False)
    for word, name, role, number in script:
        session = f"{name}{role}{number}"
        if word == "left":
            away.left("r", name)
            news = None
        elif word == "up":
            news = away.up("r", name, role, session)
        elif word == "down":
            news = away.down(session)
        else:
            news = away.heard("r", name, role, session, away=word == "away")
        if news is not None:
            assert told[news[1]] != news[2], "said only where it changed"
            told[news[1]] = news[2]
        told[name] = told[name] and word != "left"
        assert sorted(away.names("r")) == sorted(one for one, is_so in told.items() if is_so)
    for name in "AB":
        away.left("r", name)
    assert not away._points and not away._where
