"""Which layer everybody gets: the order, the budget, the hysteresis."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from media.allocate import CHAIR, FLOOR, HEAD_ROOM, OTHERS, SCREEN, Memory, Wish, allocate, sound_budget, voices, wanted

LAYERS = (150_000, 500_000, 1_700_000)
wishes = st.lists(
    st.builds(
        Wish, st.integers(0, 3), st.lists(st.integers(20_000, 2_000_000), min_size=1, max_size=3).map(sorted).map(tuple),
        st.integers(-1, 3), st.integers(-1, 2),
    ).map(lambda wish: wish._replace(current=min(wish.current, len(wish.rates) - 1))),
    max_size=12,
)


def cost(slots: list[Wish], given_: list[int]) -> int:
    return sum(slot.rates[layer] for slot, layer in zip(slots, given_, strict=True) if layer >= 0)


@given(st.integers(0, 20_000_000), wishes)
def test_never_more_than_the_budget_or_than_the_window_warrants(budget: int, slots: list[Wish]) -> None:
    layers = allocate(budget, slots, 0.0, Memory())
    shown = [(slot, layer) for slot, layer in zip(slots, layers, strict=True) if layer >= 0]
    assert all(layer <= slot.most and layer < len(slot.rates) for slot, layer in shown)
    if cost(slots, layers) > budget:
        assert len(shown) == 1 and shown[0][1] == 0 and shown[0][0].rates[0] <= 1.1 * budget


@given(st.integers(0, 5_000_000), st.integers(0, 5_000_000), wishes)
def test_more_budget_is_never_worse_in_the_order_of_ranks(less: int, more: int, slots: list[Wish]) -> None:
    less, more = sorted((less, more))
    slots = [slot._replace(current=-1) for slot in slots]

    def in_order(budget: int) -> list[bool]:
        layers = allocate(budget, slots, 0.0, Memory())
        return [
            layers[at] >= layer
            for rank in range(4) for layer in range(3) for at, slot in enumerate(slots) if slot.rank == rank
        ]

    assert in_order(less) <= in_order(more)


def test_everybodys_smallest_before_anybodys_largest_and_the_floor_before_others() -> None:
    two = [Wish(FLOOR, LAYERS, 2, -1), Wish(FLOOR, LAYERS, 2, -1)]
    assert allocate(320_000, two, 0.0, Memory()) == [0, 0]
    assert allocate(720_000, two, 0.0, Memory()) == [1, 0]
    ranks = [Wish(rank, LAYERS, 1, -1) for rank in (OTHERS, CHAIR, FLOOR, SCREEN)]
    assert allocate(600_000, ranks, 0.0, Memory()) == [-1, -1, -1, 1]
    assert allocate(1_200_000, ranks, 0.0, Memory()) == [-1, -1, 1, 1]
    assert allocate(1_400_000, ranks, 0.0, Memory()) == [-1, 0, 1, 1]
    assert allocate(10_000_000, ranks, 0.0, Memory()) == [1, 1, 1, 1]


def test_what_nobody_looks_at_costs_nothing() -> None:
    assert allocate(1_000_000, [Wish(FLOOR, LAYERS, -1, 1), Wish(OTHERS, LAYERS, 2, -1)], 0.0, Memory()) == [-1, 1]


def test_down_at_once_and_up_only_with_head_room() -> None:
    memory = Memory()
    assert allocate(500_000, [Wish(FLOOR, LAYERS, 2, 1)], 0.0, memory) == [1], "it fits as it is"
    assert allocate(499_000, [Wish(FLOOR, LAYERS, 2, 1)], 0.0, memory) == [0]
    needed = int(150_000 + 350_000 * HEAD_ROOM)
    assert allocate(needed, [Wish(FLOOR, LAYERS, 2, 0)], 1.0, memory) == [0], "not so soon after a descent"
    assert allocate(needed - 1000, [Wish(FLOOR, LAYERS, 2, 0)], 10.0, memory) == [0]
    assert allocate(needed, [Wish(FLOOR, LAYERS, 2, 0)], 10.0, memory) == [1]


def test_an_ascent_that_was_taken_back_is_tried_later_and_later_unless_there_is_clearly_more() -> None:
    memory, layer, ascents = Memory(), 0, []
    for step in range(6000):  # ten minutes; whoever goes up falls back two seconds later
        now = step / 10
        budget = 480_000 if ascents and 2.0 <= now - ascents[-1] < 2.5 else 600_000
        (then,) = allocate(budget, [Wish(FLOOR, LAYERS, 2, layer)], now, memory)
        if then > layer:
            ascents.append(now)
        layer = then
    gaps = [b - a for a, b in zip(ascents, ascents[1:], strict=False)]
    assert 5 <= len(ascents) <= 9 and gaps == sorted(gaps) and gaps[-1] > 120
    assert allocate(630_000, [Wish(FLOOR, LAYERS, 2, 0)], 600.0, memory) == [0]
    assert allocate(700_000, [Wish(FLOOR, LAYERS, 2, 0)], 600.0, memory) == [1]


def test_no_flapping_on_a_noisy_estimate() -> None:
    draw, memory, layer, changes = random.Random(4), Memory(), -1, 0
    for step in range(3000):
        (then,) = allocate(int(600_000 * draw.uniform(0.93, 1.07)), [Wish(FLOOR, LAYERS, 2, layer)], step / 10, memory)
        changes, layer = changes + (then != layer), then
    assert changes <= 2 and layer == 1


def test_a_new_picture_does_not_wait_for_a_failed_ascent_of_another() -> None:
    memory = Memory()
    allocate(600_000, [Wish(FLOOR, LAYERS, 2, 0)], 0.0, memory)
    allocate(490_000, [Wish(FLOOR, LAYERS, 2, 1)], 1.0, memory)
    assert allocate(490_000, [Wish(FLOOR, LAYERS, 2, 0), Wish(OTHERS, LAYERS, 2, -1)], 2.0, memory) == [0, 0]


def test_sound_comes_first_and_on_the_weakest_line_alone() -> None:
    assert [voices(budget) for budget in (20_000, 99_000, 150_000, 250_000)] == [1, 1, 2, 3]
    assert voices(105_000, 1) == 1 and voices(120_000, 1) == 2, "not back and forth at the border"
    assert sound_budget(64_000, [48_000]) == 0
    assert sound_budget(150_000, [48_000, 48_000, 48_000]) == 54_000
    assert sound_budget(1_000_000, [48_000, 48_000, 48_000]) == 856_000


def test_wanted_is_the_next_step_of_everybody() -> None:
    assert wanted([Wish(FLOOR, LAYERS, 2, 2)], 50_000) == 0, "nothing more to want"
    assert wanted([Wish(FLOOR, LAYERS, 2, 0)], 50_000) == 50_000 + int(150_000 + 350_000 * HEAD_ROOM)
    assert wanted([Wish(FLOOR, LAYERS, 0, 0), Wish(OTHERS, LAYERS, 1, 0)], 0) == 150_000 + int(150_000 + 350_000 * HEAD_ROOM)
