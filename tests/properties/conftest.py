"""The story of one record, kept at each step, for the properties of the record."""

from tests.minutes.conftest import snapshots

__all__ = ["snapshots"]
