"""The words of a verdict in both languages, and what settings may say of line tests."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.readiness import CODES, Measured, Reason
from web import readiness_words
from web.container import Container
from web.i18n import speak
from web.settings import BadSettings, Settings, read


@pytest.mark.parametrize("spoken", ["vi", "en"])
def test_every_reason_has_words_without_holes(found: Container, spoken: str) -> None:
    speak(spoken)
    for code in CODES:
        said = readiness_words.said(Reason(code, params={name: 7 for name in ("kbps", "need", "declared", "percent", "up", "down", "ms", "dbfs", "fps")}))
        assert said.short and said.text.endswith(".") and said.advice.endswith(".") and "{" not in said.short + said.text + said.advice
        assert len(said.short) <= 40, said.short
    assert set(readiness_words.WORDS) == set(CODES)
    speak("vi")


def test_figures_of_a_line_that_was_not_measured_say_so() -> None:
    speak("vi")
    told = dict(readiness_words.figures(Measured(udp=False)))
    assert told["UDP"] == "bị chặn" and told["TCP"] == "không thử" and told["Đường lên"] == "chưa đo được" and told["Micro"] == "Không có micro"


@pytest.mark.parametrize(("name", "value"), [
    ("LINE_LIMITS", '{"no_such": 1}'), ("LINE_LIMITS", "x"), ("LINE_LIMITS", '{"loss_weak": 900}'), ("LINE_CALLS", '[["chair", 30]]'),
    ("LINE_CALLS", '[["deputy", 0]]'), ("LINE_CALLS", '[["deputy", 5], ["deputy", 6]]'),
])
def test_settings_that_cannot_be_are_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"DIEMCAU_{name}", value)
    with pytest.raises(BadSettings) as refused:
        read()
    assert refused.value.problems[0][1].startswith(name.lower())


def test_limits_and_calls_come_from_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIEMCAU_LINE_LIMITS", '{"good_kbps": 900}')
    monkeypatch.setenv("DIEMCAU_LINE_CALLS", '[["deputy", 20]]')
    policy = read().line_policy
    assert policy.limits.good_kbps == 900 and policy.calls == (("deputy", timedelta(minutes=20)),)
    assert Settings().line_policy.calls[0][0] == "deputy"
