import assert from "node:assert/strict";
import { test } from "node:test";
import { quality, voice } from "../../../web/static/room/line.js";

const ways = { hasMic: [true, false], micOn: [true, false], feed: [true, false], reported: [true, false], muted: [true, false], dumb: [true, false],
  silenced: [null, "mic_muted"], away: [true, false], up: ["live", "mending", "lost", "connecting", "closed", "refused"],
  floor: [true, false] };

function* all(names = Object.keys(ways)) {
  if (!names.length) return yield {};
  for (const rest of all(names.slice(1))) for (const value of ways[names[0]]) yield { ...rest, [names[0]]: value };
}

test("the sign claims to be on only while everything is known to be well", () => {
  let claims = 0;
  for (const way of all()) {
    const said = voice(way);
    const well = way.hasMic && way.micOn && way.up === "live" && way.feed && way.reported && !way.muted && !way.dumb && !way.silenced && !way.away;
    assert.equal(said.tone === "on", well, JSON.stringify(way));
    assert.equal(said.key === "mic_floor", well && way.floor, JSON.stringify(way));
    claims += said.tone === "on";
  }
  assert.ok(claims > 0);
});

test("what the person did is said before what the line does", () => {
  assert.equal(voice({ hasMic: true, micOn: false, up: "mending" }).key, "mic_off");
  assert.equal(voice({ hasMic: true, micOn: true, up: "mending" }).key, "mic_checking");
  assert.equal(voice({ hasMic: true, micOn: true, up: "connecting" }).key, "mic_connecting");
  assert.equal(voice({ hasMic: true, micOn: true, up: "live", dumb: true, silenced: "mic_waiting" }).key, "mic_dumb");
  assert.equal(voice({ hasMic: true, micOn: false, up: "live", dumb: true }).key, "mic_off");
});

test("the connection in one word", () => {
  const fine = { up: "live", down: "live", feed: true, weak: false };
  assert.equal(quality(fine), "good");
  assert.equal(quality({ ...fine, weak: true }), "weak");
  assert.equal(quality({ ...fine, down: "mending" }), "joining");
  assert.equal(quality({ ...fine, feed: false }), "lost");
  assert.equal(quality({ ...fine, up: "lost" }), "lost");
  assert.equal(quality({ ...fine, up: "closed" }), "good");
});
