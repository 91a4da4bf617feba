import assert from "node:assert/strict";
import { test } from "node:test";
import { Beside } from "../../../web/static/room/uplink.js";

const reports = ({ rate = 900_000, trip = 0.1, held = false, picture = true }) => [
  { type: "candidate-pair", nominated: true, availableOutgoingBitrate: rate },
  { type: "remote-inbound-rtp", kind: "audio", roundTripTime: trip },
  { type: "outbound-rtp", kind: "video", active: picture, qualityLimitationReason: held ? "bandwidth" : "none" },
];

/** Looks every two seconds for so many seconds; the last word. */
function after(beside, seconds, camera, screen, clock) {
  let said;
  for (let at = 0; at < seconds; at += 2) said = beside.look(reports(camera), reports(screen), (clock.now += 2000));
  return said;
}

const ALL = { picture: true, small: false }, SMALL = { picture: true, small: true }, NONE = { picture: false, small: true };

test("on a wide line a camera is what it was", () => {
  assert.deepEqual(after(new Beside(), 60, {}, {}, { now: 0 }), ALL);
  assert.deepEqual(after(new Beside(), 60, {}, { held: false, rate: undefined }, { now: 0 }), ALL, "nor where a browser says nothing of its line");
});

test("the camera gives way to a screen that the line holds back, and only its size while there is no queue", () => {
  const beside = new Beside(), clock = { now: 0 };
  assert.deepEqual(after(beside, 2, {}, { held: true }, clock), ALL, "one look proves nothing");
  assert.deepEqual(after(beside, 60, {}, { held: true, rate: 400_000 }, clock), SMALL);
  assert.deepEqual(after(beside, 18, {}, {}, clock), SMALL);
  assert.deepEqual(after(beside, 4, {}, {}, clock), ALL);
});

test("either estimate counts: a camera whose own line is narrow sends less of it", () => {
  assert.deepEqual(after(new Beside(), 8, { rate: 90_000 }, {}, { now: 0 }), SMALL);
});

test("a line with hardly room for the screen has none for the camera, which comes back by steps", () => {
  for (const screen of [{ rate: 200_000, trip: 0.6 }, { rate: 80_000 }]) {
    const beside = new Beside(), clock = { now: 0 };
    assert.deepEqual(after(beside, 8, {}, screen, clock), NONE);
    assert.deepEqual(after(beside, 60, { picture: false }, screen, clock), NONE);
    assert.deepEqual(after(beside, 22, { picture: false, rate: 50_000 }, {}, clock), SMALL, "what was not tried is no reason to rest");
    assert.deepEqual(after(beside, 22, {}, {}, clock), ALL);
  }
});

test("who tries in vain tries later and later, but not never", () => {
  const beside = new Beside(), clock = { now: 0 }, pauses = [];
  let since = 0, before = true;
  while (pauses.length < 6) {
    const { small } = beside.look(reports({}), reports({ held: !beside.step || clock.now - since < 2000 }), (clock.now += 2000));
    if (small && before) since = clock.now;
    if (!small && !before) pauses.push(Math.round((clock.now - since) / 1000));
    before = !small;
  }
  assert.deepEqual(pauses, [...pauses].sort((a, b) => a - b));
  assert.ok(pauses[0] <= 24 && pauses.at(-1) >= 100 && pauses.at(-1) <= 170, pauses.join());
});
