"""Fixtures of a running installation with a real relay: import those that a module of tests needs.

One installation a module; tests make rooms of their own in it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from media.peers_clip import Clip
from tests.support.installation import Installation


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    running = Installation(tmp_path_factory.mktemp("installation")).start()
    yield running
    running.stop()


@pytest.fixture
async def client(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:
    async with installation.client() as opened:
        yield opened


@pytest.fixture(scope="module")
def clip() -> Clip:
    return Clip.make("A", 0, seconds=1)
