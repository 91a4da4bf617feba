import assert from "node:assert/strict";
import { test } from "node:test";
import { SOUND, Uplink } from "../../../web/static/room/uplink.js";

const reports = ({ rate = 500_000, trip = 0.1, lost = 0, picture = true }) => [
  { type: "candidate-pair", nominated: true, availableOutgoingBitrate: rate },
  { type: "remote-inbound-rtp", kind: "audio", fractionLost: lost, roundTripTime: trip },
  { type: "outbound-rtp", kind: "video", active: picture },
];
const narrow = { rate: 60_000, trip: 0.6 };

test("a camera rests after three looks at a narrow line with a queue, and is tried again", () => {
  const uplink = new Uplink();
  assert.equal(uplink.look(reports(narrow), 0).picture, true);
  assert.equal(uplink.look(reports(narrow), 2000).picture, true);
  assert.equal(uplink.look(reports(narrow), 4000).picture, false);
  assert.equal(uplink.look(reports({ ...narrow, picture: false }), 33_999).picture, false);
  assert.equal(uplink.look(reports({ ...narrow, picture: false }), 34_000).picture, true, "nothing was tried: no reason to rest");
});

test("it rests twice as long each time in vain, two minutes at most", () => {
  const uplink = new Uplink();
  const rests = [];
  let now = 0, before = true, since = 0;
  while (rests.length < 4) {
    const { picture } = uplink.look(reports({ ...narrow, picture: before }), now);
    if (before && !picture) since = now;
    if (!before && picture) rests.push(now - since);
    before = picture;
    now += 2000;
  }
  assert.deepEqual(rests, [30_000, 60_000, 120_000, 120_000]);
});

test("a slow round trip alone, or little room alone, is no narrow line", () => {
  const uplink = new Uplink();
  for (let n = 0; n < 10; n += 1) {
    assert.equal(uplink.look(reports({ rate: 60_000, trip: 0.1 }), 2000 * n).picture, true);
    assert.equal(uplink.look(reports({ rate: 500_000, trip: 0.9 }), 2000 * n).picture, true);
  }
});

test("sound takes less room while a listener loses much of it, and for twenty seconds after", () => {
  const uplink = new Uplink();
  assert.equal(uplink.look(reports({}), 0).sound, SOUND.wide);
  assert.equal(uplink.look(reports({ lost: 0.06 }), 2000).sound, SOUND.narrow);
  assert.equal(uplink.look(reports({}), 21_999).sound, SOUND.narrow);
  assert.equal(uplink.look(reports({}), 22_000).sound, SOUND.wide);
});
