import assert from "node:assert/strict";
import { test } from "node:test";
import { Pulse } from "../../../web/static/room/pulse.js";

const way = (direction, ...kinds) => ({
  getTransceivers: () => [{ direction }], getSenders: () => kinds.map((kind) => ({ track: { kind } })),
});
const down = way("recvonly");
const up = way("sendonly", "audio", "video");

test("a second of silence of a receiver, a little more of a sender", () => {
  const pulse = new Pulse();
  assert.equal(pulse.note(10, 1000, down), false);
  assert.equal(pulse.note(20, 1900, down), false);
  assert.equal(pulse.note(20, 2899, down), false);
  assert.equal(pulse.note(20, 2900, down), true);
  assert.equal(pulse.note(20, 2900, up), false);
  assert.equal(pulse.note(20, 3150, up), true);
  assert.equal(pulse.heardAt, 1900);
  assert.equal(pulse.note(21, 3200, down), false);
});

test("a browser that does not count is believed", () => {
  const pulse = new Pulse();
  for (const now of [1000, 9000, 90000]) assert.equal(pulse.note(null, now, down), false);
});

test("what a path given up had counted is no silence broken", () => {
  const pulse = new Pulse();
  pulse.note(500, 1000, down);
  assert.equal(pulse.note(300, 1750, down), false);
  assert.equal(pulse.note(null, 1900, down), false);
  assert.equal(pulse.note(300, 2000, down), true);
  assert.equal(pulse.note(301, 2100, down), false);
});

test("another path is looked for again after growing pauses", () => {
  const pulse = new Pulse();
  pulse.note(1, 1, down);
  const at = [];
  for (let now = 1; now < 200_000; now += 250) if (pulse.again(now)) at.push(Math.round(now / 1000));
  assert.deepEqual(at, [5, 10, 20, 40, 80, 140]);
});

test("to who sends no sound the server need not speak", () => {
  assert.equal(new Pulse().speaks(up), true);
  assert.equal(new Pulse().speaks(way("sendonly", "video")), false);
  assert.equal(new Pulse().speaks(down), true);
});
