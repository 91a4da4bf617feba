"""RED (RFC 2198): the primary block is found, no length in the headers is believed beyond the packet, and what is made can be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.red import INSIDE, join, strip


def red(primary: bytes, *older: bytes, payload_type: int = 111) -> bytes:
    """The payload a sender makes of a block and those it repeats, the oldest first."""
    headers = b"".join(
        bytes([0x80 | payload_type]) + ((960 * (len(older) - place)) << 10 | len(block)).to_bytes(3, "big")
        for place, block in enumerate(older))
    return headers + bytes([payload_type]) + b"".join(older) + primary


@given(st.binary(max_size=200), st.lists(st.binary(max_size=120), max_size=3))
def test_the_primary_block_is_what_is_left(primary: bytes, older: list[bytes]) -> None:
    assert strip(red(primary, *older)) == primary


@pytest.mark.parametrize("payload", [
    b"", b"\xef", b"\xef\0\0", b"\xef\x00\x03\xff", b"\xef\x00\x03\xff\x6f", red(b"", b"old")[:-1], b"\xef\0\0\0" * 300,
])
def test_headers_that_promise_more_than_there_is_leave_nothing(payload: bytes) -> None:
    assert strip(payload) == b""


@given(st.binary(max_size=1500))
def test_any_payload_has_a_primary_block_at_its_end_or_none(payload: bytes) -> None:
    assert payload.endswith(strip(payload))


def blocks(payload: bytes) -> list[tuple[int, int, bytes]]:
    """(payload type, age, block) as RFC 2198 has it, the newest last: a reader of its own, that believes every length."""
    headers, at = [], 0
    while payload[at] & 0x80:
        word = int.from_bytes(payload[at : at + 4], "big")
        headers.append((word >> 24 & 0x7F, word >> 10 & 0x3FFF, word & 0x3FF))
        at += 4
    newest, at, found = payload[at], at + 1, []
    for payload_type, age, length in headers:
        found.append((payload_type, age, payload[at : at + length]))
        at += length
    return [*found, (newest, 0, payload[at:])]


@given(st.binary(min_size=1, max_size=400), st.binary(min_size=1, max_size=400), st.integers(1, (1 << 14) - 1))
def test_what_is_made_says_both_sounds_and_when_the_first_was(sound: bytes, before: bytes, age: int) -> None:
    assert blocks(join(sound, before, age)) == [(INSIDE, age, before), (INSIDE, 0, sound)]
    assert join(sound, before, age) == red(sound, before, payload_type=INSIDE) or age != 960


@given(st.binary(max_size=1300), st.binary(max_size=1300), st.integers(-1, 1 << 32))
def test_whatever_is_repeated_the_sound_itself_is_there_and_one_datagram_holds_it(sound: bytes, before: bytes, age: int) -> None:
    made = join(sound, before, age)
    assert strip(made) == sound and len(made) <= max(1005, len(sound) + 1)


@pytest.mark.parametrize(("before", "age"), [(b"", 960), (b"old", 0), (b"old", 1 << 14), (b"o" * 1024, 960), (b"o" * 997, 960)])
def test_what_is_too_old_too_large_or_nothing_is_not_repeated(before: bytes, age: int) -> None:
    assert join(b"now", before, age) == bytes([INSIDE]) + b"now"
