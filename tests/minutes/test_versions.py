"""The chain of versions: a break is found wherever it is, and nobody edits over somebody else's edit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from meetings.errors import Stale
from minutes.versions import Cause, MinuteVersion, broken_at, require_latest

AT = datetime(2026, 3, 5, tzinfo=UTC)


def chain(length: int) -> list[MinuteVersion]:
    digests = [None, *(f"{place:064d}" for place in range(1, length + 1))]
    return [MinuteVersion(place, Cause.EDITED, digests[place - 1], str(digests[place]), "d" * 64, "p" * 64, None, AT)
            for place in range(1, length + 1)]


def test_a_whole_chain_is_not_broken() -> None:
    assert broken_at(chain(4)) is None
    assert broken_at([]) is None


@pytest.mark.parametrize("place", range(4))
def test_a_changed_version_breaks_the_chain_at_the_next(place: int) -> None:
    versions = chain(5)
    versions[place] = replace(versions[place], sha256="0" * 64)
    assert broken_at(versions) == place + 2


@pytest.mark.parametrize("place", range(4))
def test_a_missing_or_foreign_version_breaks_the_chain(place: int) -> None:
    versions = chain(5)
    assert broken_at([*versions[:place], *versions[place + 1:]]) == versions[place + 1].version
    versions[place] = replace(versions[place], parent_sha256="f" * 64)
    assert broken_at(versions) == place + 1


def test_an_editor_must_have_seen_the_newest_version() -> None:
    versions = chain(3)
    require_latest(versions, versions[-1].sha256)
    for base in (versions[0].sha256, "", "x"):
        with pytest.raises(Stale, match=r"minutes\.stale"):
            require_latest(versions, base)
    with pytest.raises(Stale):
        require_latest([], versions[0].sha256)
