"""The same meeting over the local network: TLS with our own certificate, browsers in another network namespace.

A cable joins this namespace (the server) with a second one (the browsers), so nothing can be reached by loopback: the page,
its news, DTLS and every media packet cross the wire.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.journeys.conftest import FAR_ARGUMENTS, at_near_end
from tests.journeys.test_browser_room import TONES, everybody_sees_and_hears_everybody, meet
from tests.support.installation import Installation
from tests.support.line import Line

pytestmark = [pytest.mark.browser, pytest.mark.netns]


@pytest.fixture(scope="module")
def lan(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """What `demo --lan` starts: HTTPS and media on the address of the local network."""
    with at_near_end(line, tmp_path_factory.mktemp("lan")) as running:
        yield running


@pytest.fixture
async def far_chromium(line: Line, tmp_path: Path) -> AsyncIterator[Browser]:
    """Chromium inside the other namespace."""
    async with line.chromium(tmp_path, FAR_ARGUMENTS) as browser:
        yield browser


async def test_three_points_meet_over_tls_from_another_network(
    far_chromium: Browser, line: Line, lan: Installation
) -> None:
    room = lan.room(opened=True)
    visitors = await meet(far_chromium, lan, room, ignore_https_errors=True)
    await everybody_sees_and_hears_everybody(visitors)
    for visitor in visitors.values():
        assert await visitor.page.evaluate("location.protocol === 'https:' && window.isSecureContext")
        ends = await visitor.page.evaluate(PATHS)
        assert ends and all(end == [line.there, line.here] for end in ends), ends
    assert set(visitors) == set(TONES)
    for visitor in visitors.values():
        await visitor.leave()


# Addresses of both ends of every path that carries media.
PATHS = """async () => {
  const paths = [];
  for (const reports of Object.values(await window.diemcau.stats())) {
    const byId = Object.fromEntries(reports.map((report) => [report.id, report]));
    for (const pair of reports.filter((one) => one.type === "candidate-pair" && one.nominated)) {
      paths.push([byId[pair.localCandidateId].address, byId[pair.remoteCandidateId].address]);
    }
  }
  return paths;
}"""
