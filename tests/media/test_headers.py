"""Headers of many receivers at once are, byte for byte, what packing each by itself gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.headers import WORDS, Headers, Numbers
from media.rtp import HEADER

numbers = st.builds(
    Numbers, st.integers(0, 127), st.integers(-(1 << 40), 1 << 40), st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 32) - 1)
)


@given(
    st.lists(numbers, min_size=1, max_size=64), st.integers(0, 1 << 40), st.integers(0, (1 << 32) - 1),
    st.sampled_from([0, 0x80]),
)
def test_no_receiver_s_numbers_spill_into_another_s(
    receivers: list[Numbers], ext: int, timestamp: int, marker: int
) -> None:
    words = Headers(receivers).words(ext, timestamp, marker)
    assert len(words) == WORDS
    for place, one in enumerate(receivers):
        header = b"".join(word[place : place + 1].tobytes() for word in words)
        assert header == HEADER.pack(
            0x80, marker | one.payload_type, (ext + one.delta) & 0xFFFF, (timestamp + one.ts_delta) & 0xFFFFFFFF, one.ssrc
        )
