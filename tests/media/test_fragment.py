"""SDP fragments: what RFC 8840 and RFC 9725 show is read, anything else is BadSdp."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.candidates import candidates
from media.errors import BadSdp
from media.fragment import Fragment, answer_fragment, parse_fragment

CANDIDATE = "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1"
FRAGMENT = "\r\n".join([
    "a=group:BUNDLE 0 1", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", "a=ice-ufrag:EsAw",
    "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1", CANDIDATE, "a=end-of-candidates", ""])


def test_a_fragment_says_whose_candidates_it_brings() -> None:
    expected = Fragment(("0", "1"), "audio", "0", "EsAw", "P2uYro0UCOQ4zxjKXaWCBui1")
    assert parse_fragment(FRAGMENT) == expected == parse_fragment(FRAGMENT.replace("\r\n", "\n"), restart=True)


@pytest.mark.parametrize(("text", "whose"), [
    ("a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n" + CANDIDATE,
     Fragment((), "audio", "0", "EsAw", "P2uYro0UCOQ4zxjKXaWCBui1")),
    (CANDIDATE, Fragment((), "audio", "", "", "")), ("a=end-of-candidates\r\n", Fragment((), "audio", "", "", "")),
    ("m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\n" + CANDIDATE, Fragment((), "video", "v", "", "")),
])
def test_candidates_may_come_in_shorter_forms(text: str, whose: Fragment) -> None:
    assert parse_fragment(text) == whose


def test_our_new_side_is_a_fragment_that_names_the_same_section() -> None:
    text = answer_fragment(parse_fragment(FRAGMENT), "ours", "p" * 24, candidates(["192.0.2.7", "2001:db8::7"], 4000))
    lines = text.split("\r\n")
    assert lines[:5] == ["a=ice-lite", "a=ice-options:trickle ice2", "a=group:BUNDLE 0 1", "m=audio 9 UDP/TLS/RTP/SAVPF 0", "a=mid:0"]
    ours = parse_fragment(text, restart=True)
    assert (ours.ufrag, ours.pwd) == ("ours", "p" * 24)
    assert sum(line.startswith("a=candidate:") for line in lines) == 2 and lines[-2] == "a=end-of-candidates"


@pytest.mark.parametrize(("text", "restart", "code"), [
    ("", False, "sdp.fragment"), ("hello", False, "sdp.fragment"), ("a=group:BUNDLE 0\r\n", False, "sdp.fragment"),
    (CANDIDATE, True, "sdp.transport"), (FRAGMENT.replace("a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1", "a=x"), True, "sdp.transport"),
    (FRAGMENT.replace("EsAw", "é"), False, "sdp.fragment"), (FRAGMENT.replace("ice-ufrag:EsAw", "ice-ufrag:a b"), False, "sdp.transport"),
    (FRAGMENT.replace("P2uYro0UCOQ4zxjKXaWCBui1", "short"), True, "sdp.transport"),
    ("\r\n".join([CANDIDATE] * 257), False, "sdp.fragment"), (CANDIDATE + "\r\nm=audio\r\n", False, "sdp.fragment"),
    ("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" * 65 + CANDIDATE, False, "sdp.fragment"), ("a=x\r\n" * 20_000, False, "sdp.size"),
    (FRAGMENT.replace("BUNDLE 0 1", "BUNDLE 0 \t"), False, "sdp.fragment"),
])
def test_what_is_no_fragment_is_refused_with_a_code(text: str, restart: bool, code: str) -> None:
    with pytest.raises(BadSdp) as refused:
        parse_fragment(text, restart=restart)
    assert refused.value.code == code


@given(st.randoms(use_true_random=False), st.integers(1, 8), st.booleans())
def test_any_mutation_is_read_or_bad_sdp_and_smuggles_nothing_into_the_answer(
    chance: random.Random, count: int, restart: bool
) -> None:
    text = list(FRAGMENT)
    for _ in range(count):
        at = chance.randrange(len(text))
        text[at : at + chance.randrange(9)] = chance.choice(["", "\r\n", "\0", "m=", "a=", " ", "é", "\ud800", "9" * 30])
        text = text or ["a"]
    try:
        found = parse_fragment("".join(text), restart=restart)
    except BadSdp:
        return
    answer = answer_fragment(found, "ours", "p" * 24, candidates(["192.0.2.7"], 4000))
    assert answer.isascii() and all(line[1:2] == "=" for line in answer.split("\r\n") if line)
    assert answer.count("a=ice-ufrag:") == 1 == answer.count("m=")
