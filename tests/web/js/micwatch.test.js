import assert from "node:assert/strict";
import { test } from "node:test";
import { MicWatch } from "../../../web/static/room/micwatch.js";

/** A sender whose microphone has given so much energy, as a browser reports it. */
function link() {
  const track = { kind: "audio", enabled: true, muted: false };
  const sender = { track, energy: 0, getStats: async () => new Map([["s", { type: "media-source", totalAudioEnergy: sender.energy }]]) };
  return { state: "live", sender, pc: { getSenders: () => [sender] } };
}

async function watched() {
  const one = link();
  const watch = new MicWatch({ link: one, changed: () => {} });
  watch.stop();
  return { watch, sender: one.sender, at: async (seconds, energy = one.sender.energy) => { one.sender.energy = energy; await watch.look(seconds * 1000); return watch.dumb; } };
}

test("a microphone that never gives anything is found after six seconds, and a quiet room is none", async () => {
  const { at } = await watched();
  assert.equal(await at(0, 0), false);
  assert.equal(await at(6, 0), false);
  assert.equal(await at(7, 0), true);
  assert.equal(await at(8, 1e-6), false, "the least sound ends it");
});

test("one that was heard may be still for longer", async () => {
  const { at } = await watched();
  await at(0, 0);
  await at(1, 0.5);
  assert.equal(await at(15), false);
  assert.equal(await at(22), true);
});

test("nothing is said of a microphone that is switched off, of the system's switch, or where nothing is measured", async () => {
  const { at, sender } = await watched();
  await at(0, 0);
  sender.track.enabled = false;
  assert.equal(await at(30), false);
  Object.assign(sender.track, { enabled: true, muted: true });
  assert.equal(await at(60), false);
  sender.track.muted = false;
  assert.equal(await at(90, undefined), true);
  sender.getStats = async () => new Map();
  assert.equal(await at(91), false);
});

test("another microphone begins anew", async () => {
  const { at, sender } = await watched();
  await at(0, 0);
  assert.equal(await at(7), true);
  sender.track = { ...sender.track };
  assert.equal(await at(8), false);
});
