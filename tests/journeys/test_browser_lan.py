"""The same meeting over the local network: TLS with our own certificate, browsers in another network namespace.

A veth pair joins this namespace (the server, 10.231.7.1) with a second one (the browsers, 10.231.7.2), so nothing can be
reached by loopback: the page, its news, DTLS and every media packet cross the wire.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.journeys.conftest import CHROMIUM_ARGUMENTS
from tests.journeys.test_browser_room import TONES, everybody_sees_and_hears_everybody, meet
from tests.support.installation import Installation
from web.tls import ensure_certificate

pytestmark = [pytest.mark.browser, pytest.mark.netns]

HERE, THERE = "10.231.7.1", "10.231.7.2"
NAMESPACE = f"diemcau-{os.getpid()}"
LINK = f"dc{os.getpid() % 100_000}"


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    """A network namespace of our own with one way out: a cable to this one.  Needs root."""
    assert os.geteuid() == 0, "network namespaces need root"
    run("ip", "netns", "add", NAMESPACE)
    try:
        run("ip", "link", "add", f"{LINK}a", "type", "veth", "peer", "name", f"{LINK}b", "netns", NAMESPACE)
        run("ip", "addr", "add", f"{HERE}/30", "dev", f"{LINK}a")
        run("ip", "link", "set", f"{LINK}a", "up")
        run("ip", "-n", NAMESPACE, "addr", "add", f"{THERE}/30", "dev", f"{LINK}b")
        run("ip", "-n", NAMESPACE, "link", "set", f"{LINK}b", "up")
        run("ip", "-n", NAMESPACE, "link", "set", "lo", "up")
        yield NAMESPACE
    finally:
        run("ip", "netns", "del", NAMESPACE)  # the cable goes with it


@pytest.fixture(scope="module")
def lan(namespace: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """What `demo --lan` starts: HTTPS and media on the address of the local network."""
    folder = tmp_path_factory.mktemp("lan")
    certificate, key = ensure_certificate(folder / "tls", [HERE], datetime.now(UTC))
    running = Installation(folder, host=HERE, tls_cert=certificate, tls_key=key, advertise=(HERE,)).start()
    yield running
    running.stop()


@pytest.fixture
async def far_chromium(namespace: str, tmp_path: Path) -> AsyncIterator[Browser]:
    """Chromium inside the other namespace; it is driven through a pipe, which needs no network."""
    path = shutil.which("chromium")
    assert path
    launcher = tmp_path / "chromium-far"
    launcher.write_text(f'#!/bin/sh\nexec ip netns exec {namespace} {path} "$@"\n')
    launcher.chmod(0o755)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=launcher, args=[*CHROMIUM_ARGUMENTS, "--ignore-certificate-errors"]
        )
        yield browser
        await browser.close()


async def test_three_points_meet_over_tls_from_another_network(far_chromium: Browser, lan: Installation) -> None:
    room = lan.room(opened=True)
    visitors = await meet(far_chromium, lan, room, ignore_https_errors=True)
    await everybody_sees_and_hears_everybody(visitors)
    for visitor in visitors.values():
        assert await visitor.page.evaluate("location.protocol === 'https:' && window.isSecureContext")
        ends = await visitor.page.evaluate(PATHS)
        assert ends and all(end == [THERE, HERE] for end in ends), ends
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
