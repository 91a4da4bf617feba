"""Errors carry a stable code and data, also across processes."""

from __future__ import annotations

import pickle

import pytest

from meetings import errors
from meetings.errors import Conflict, MeetingError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, MeetingError)]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_survives_the_way_to_another_process(kind: type[MeetingError]) -> None:
    error = kind("booking.overlap", conflicts=[{"point": 3, "name": "Điểm cầu"}], field="points")
    found = pickle.loads(pickle.dumps(error))
    assert (type(found), found.code, found.params) == (kind, error.code, error.params)


def test_an_error_shows_its_code_and_params_in_logs() -> None:
    assert str(Conflict("motion.open", title="Một")) == "motion.open(title='Một')"
    assert str(Conflict("floor.free")) == "floor.free"


def test_the_docstring_of_the_tree_names_every_kind() -> None:
    assert errors.__doc__ is not None
    assert all(kind.__name__ in errors.__doc__ for kind in KINDS)
