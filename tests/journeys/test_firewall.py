"""Offices whose firewall lets little out: a real Chromium in a namespace of its own, behind nftables, meets all the same.

UDP blocked: ICE over TCP to the relay's own port.  That blocked too: through a real coturn over TLS, with the configuration
that is deployed.  `iceTransportPolicy: relay`: through coturn though all ways are open.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser
from pydantic import SecretStr

from tests.journeys.conftest import FAR_ARGUMENTS, at_near_end
from tests.journeys.visitors import Visitor
from tests.support.coturn import SECRET, Coturn
from tests.support.firewall import let_out, passed
from tests.support.installation import Installation, soon
from tests.support.line import Line

pytestmark = [pytest.mark.browser, pytest.mark.netns]

TONES, HUES = {"22": 440, "06970": 1100}, {"22": 10, "06970": 250}
RELAY_ONLY = """
const Before = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Before {
  constructor(config) { super({ ...config, iceTransportPolicy: "relay" }); }
};
"""
# How media travels: [type of our candidate, its protocol towards TURN, protocol and port of the other end], for each way.
WAYS = """async () => {
  const ways = [];
  for (const reports of Object.values(await window.diemcau.stats())) {
    const byId = Object.fromEntries(reports.map((report) => [report.id, report]));
    const transport = reports.find((one) => one.type === "transport");
    const pair = byId[transport?.selectedCandidatePairId];
    if (pair) {
      const [here, there] = [byId[pair.localCandidateId], byId[pair.remoteCandidateId]];
      ways.push([here.candidateType, here.relayProtocol ?? "", there.protocol]);
    }
  }
  return ways;
}"""


class Office:
    """An installation and a coturn at one end of a cable, a browser behind a firewall at the other."""

    def __init__(self, line: Line, coturn: Coturn, installation: Installation) -> None:
        self.line, self.coturn, self.installation = line, coturn, installation
        self.pages = f"tcp dport {installation.settings.port}"
        self.turn_tls = f"tcp dport {coturn.tls_port}"
        self.browser: Any = None


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    with Line.laid() as line, Coturn.running(folder, line.here) as coturn:
        turn = {"turn_urls": coturn.urls, "turn_secret": SecretStr(SECRET)}
        with at_near_end(line, folder, media_spare=False, **turn) as running:
            yield Office(line, coturn, running)


@pytest.fixture
async def office(place: Office, tmp_path: Path) -> AsyncIterator[Office]:
    """No firewall yet.  What Chromium is told of certificates holds for pages and for TURN over TLS."""
    async with place.line.chromium(tmp_path, FAR_ARGUMENTS) as place.browser:
        yield place
    let_out(place.line)


async def two_meet(office: Office, script: str = "") -> list[list[str]]:
    """Two points behind the firewall see and hear each other; the ways their media take."""
    room = office.installation.room(opened=True)
    browser: Browser = office.browser
    visitors = {}
    for code, hz in TONES.items():
        url = f"{office.installation.url}/j/{room.links[code]}"
        visitors[code] = await Visitor.arrive(
            browser, url, code, hz, HUES[code], ignore_https_errors=True, script=script)
    for code, visitor in visitors.items():
        (other,) = set(TONES) - {code}
        await soon(lambda: visitor.sees({other}), 20)
        await soon(lambda: visitor.hears(other, TONES[other], [TONES[code]]), 15)
    ways = [way for visitor in visitors.values() for way in await visitor.page.evaluate(WAYS)]
    assert len(ways) == 4, "a way up and a way down for each"
    for visitor in visitors.values():
        await visitor.leave()
    return ways


async def test_where_no_udp_passes_media_take_the_relays_tcp_port(office: Office) -> None:
    ports = ", ".join(str(place.port) for place in office.installation.found.hub.crew.workers.places)
    let_out(office.line, office.pages, f"tcp dport {{ {ports} }}")  # coturn is out of reach: which way wins is not left to chance
    ways = await two_meet(office)
    assert all(way[0] != "relay" and way[2] == "tcp" for way in ways), ways
    assert passed(office.line)["udp"] > 0, "it was tried"


async def test_where_only_tls_to_coturn_passes_media_take_that(office: Office) -> None:
    let_out(office.line, office.pages, office.turn_tls)
    ways = await two_meet(office)
    assert all(way == ["relay", "tls", "udp"] for way in ways), ways
    stopped = passed(office.line)
    assert stopped["udp"] > 0 and stopped["tcp"] > 0, "both were tried"


async def test_a_browser_that_may_only_use_turn_does(office: Office) -> None:
    ways = await two_meet(office, RELAY_ONLY)
    assert {way[0] for way in ways} == {"relay"}, ways
