"""Ids are UUIDv7: their order is the order of their making."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.ids import new_id


def test_an_id_is_a_version_7_uuid_that_tells_its_millisecond(at: datetime) -> None:
    made = uuid.UUID(new_id(at))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == int(at.timestamp() * 1000)


@given(first=st.integers(0, 10**9), step=st.integers(1, 10**6))
def test_later_ids_sort_after_earlier_ones(first: int, step: int) -> None:
    start = datetime.fromisoformat("2026-03-05T01:00:00+00:00") + timedelta(microseconds=first)
    assert new_id(start) < new_id(start + timedelta(microseconds=step))


def test_ids_of_one_instant_differ(at: datetime) -> None:
    assert len({new_id(at) for _ in range(1000)}) == 1000


def test_a_time_without_a_zone_makes_no_id(at: datetime) -> None:
    with pytest.raises(ValueError, match="zone"):
        new_id(at.replace(tzinfo=None))
