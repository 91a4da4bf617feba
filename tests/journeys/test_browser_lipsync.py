"""Lip sync as a viewer sees and hears it: a flash and a beep of one instant, through the server and out of a real browser."""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import Browser

from media.peers_clip import Clip
from meetings import service
from meetings.access import Role
from tests.journeys.beats import beat, in_step
from tests.journeys.visitors import MIDDLE, Visitor
from tests.support import factories
from tests.support.installation import Crowd, Installation, Room, door, soon, tickets
from tests.support.running import client, clip, installation  # noqa: F401 - fixtures

pytestmark = pytest.mark.browser

PATIENCE = 40  # seconds, for machines with much else to do
# Milliseconds.  ITU-R BT.1359: noticed from 45 (sound first) or 125 (sound last) on, not accepted from 90 or 185 on.  Pictures come
# here each 67 and are shown each 17, sound is played in pieces of 10 to 40: half of that is the error of looking.
MOST = 100.0
# Data is dear to this viewer: it has one place for a picture, which must change hands, and sends none of its own.
ONE_PLACE = """
Object.defineProperty(NetworkInformation.prototype, "saveData", { get: () => true });
if (navigator.mediaDevices) {
  const ours = navigator.mediaDevices.getUserMedia;
  navigator.mediaDevices.getUserMedia = ({ audio }) => ours({ audio });
}
"""


def floor(installation: Installation, room: Room, point: int | None) -> None:
    """The chair gives the floor to this point, or takes it back."""
    chair = factories.user(installation.people["chair"].user_id, "t", Role.CHAIR)
    with installation.found.db.write() as conn:
        service.floor_give(conn, room.meeting_id, point, chair, installation.now())
    installation.found.hub.changed(room.meeting_id)


@pytest.mark.long
async def test_a_flash_is_seen_when_its_beep_is_heard(
    chromium: Browser, installation: Installation, client: httpx.AsyncClient, clip: Clip  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    links = {code: f"{installation.url}/j/{secret}" for code, secret in room.links.items()}
    other = Crowd().publisher("204", clip)
    await other.connect(*door(client, room.meeting_id, "whip", (await tickets(client, room.links["204"]))["publish"]))
    chair = await Visitor.arrive(chromium, links["22"], "22", 0, 0, MIDDLE, beat(440, MIDDLE))
    viewer = await Visitor.arrive(chromium, links["06970"], "06970", 1100, 0, script=ONE_PLACE, bypass_csp=True)
    await soon(lambda: viewer.sees({"22"}), PATIENCE)
    small = await viewer.rows("22")
    await in_step(viewer, "22", MOST)
    await viewer.page.locator("input[name=saving][value=small]").evaluate("box => box.click()")
    await soon(lambda: _larger(viewer, "22", small), PATIENCE)
    await in_step(viewer, "22", MOST)
    for point, code in ((2, "204"), (None, "22")):
        floor(installation, room, point)
        await soon(lambda: viewer.sees({code}), PATIENCE)
    await in_step(viewer, "22", MOST)
    for visitor in (viewer, chair):
        await visitor.leave()
    await other.close()


async def _larger(viewer: Visitor, name: str, rows: int) -> bool:
    return await viewer.rows(name) > rows
