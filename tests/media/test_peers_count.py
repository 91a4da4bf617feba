"""What a receiver counts: every sequence number is received, missing or lost, and never two of them."""
from hypothesis import given
from hypothesis import strategies as st

from media.peers_count import ASK_AFTER, ASK_EVERY, GIVE_UP, WATCHED, Reception


def after(sequences: list[int], now: float = 1.0) -> Reception:
    seen = Reception()
    for sequence in sequences:
        seen.note(sequence & 0xFFFF, now)
    return seen


def test_a_stream_without_gaps_counts_over_the_wrap_of_its_numbers() -> None:
    seen = after(list(range(65_000, 66_500)))
    assert (seen.received, seen.lost, seen.missing, seen.duplicates) == (1500, 0, 0, 0)
    assert seen.highest == 66_499


def test_a_packet_that_comes_twice_is_a_duplicate() -> None:
    seen = after([10, 11, 11, 12, 10])
    assert (seen.received, seen.duplicates) == (3, 2)


def test_a_gap_is_asked_for_after_a_moment_and_again_until_it_is_filled() -> None:
    seen = after([65_534])
    assert seen.note(1, 1.0) is True
    assert seen.wanted(1.0 + ASK_AFTER / 2) == ([], False)
    assert seen.wanted(1.0 + ASK_AFTER) == ([65_535, 0], False)
    assert seen.wanted(1.0 + ASK_AFTER + ASK_EVERY / 2) == ([], False)
    assert seen.note(0, 1.05) is False
    assert seen.wanted(1.0 + ASK_AFTER + ASK_EVERY) == ([65_535], False)
    assert (seen.received, seen.repaired, seen.missing, seen.lost) == (3, 1, 1, 0)


def test_a_gap_that_is_not_filled_in_time_is_lost_and_stays_lost() -> None:
    seen = after([5, 7])
    assert seen.wanted(1.01 + GIVE_UP) == ([], True)
    seen.note(6, 3.0)
    assert (seen.lost, seen.missing, seen.received, seen.duplicates) == (1, 0, 2, 1)


def test_a_huge_gap_counts_as_loss_at_once_beyond_what_is_watched() -> None:
    seen = after([0, 2001])
    assert (seen.lost, seen.missing) == (2000 - WATCHED, WATCHED)


def test_the_report_tells_the_fraction_since_the_last_one_and_the_delay_since_the_sender_report() -> None:
    seen = after([0, 1, 2, 4])
    seen.on_sender_report(0x0000_1234_5678_0000, 2.0)
    block = seen.block(77, 2.5)
    assert (block.ssrc, block.highest, block.lost, block.fraction) == (77, 4, 1, 51)
    assert (block.last_report, block.delay) == (0x1234_5678, 32_768)
    seen.note(5, 3.0)
    assert (seen.block(77, 3.0).fraction, seen.block(77, 3.0).lost) == (0, 1)


@given(st.integers(0, 65_535), st.lists(st.integers(0, 40), min_size=1, max_size=80))
def test_received_and_missing_and_lost_add_up_whatever_the_order(start: int, offsets: list[int]) -> None:
    seen = Reception()
    first = offsets[0]
    for offset in offsets:
        seen.note((start + offset) & 0xFFFF, 1.0)
    distinct = {offset for offset in offsets if offset >= first}
    assert seen.received == len(distinct)
    assert seen.received + seen.missing + seen.lost == max(offsets) - first + 1
    assert seen.received + seen.duplicates == len(offsets)
