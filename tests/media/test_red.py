"""RED (RFC 2198): the primary block is found, and no length in the headers is believed beyond the packet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.red import strip


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
