import assert from "node:assert/strict";
import { test } from "node:test";
import { loops, said, wanted } from "../../../web/static/room/screensound.js";

test("a film is sent as it sounds, and the whole machine only without the meeting's own sound", () => {
  const { audio } = wanted({}, false);
  for (const filter of ["echoCancellation", "noiseSuppression", "autoGainControl"]) assert.equal(audio[filter], false);
  assert.equal(wanted({}, false).systemAudio, "exclude");
  assert.equal(wanted({ restrictOwnAudio: true }, false).systemAudio, "include");
  assert.equal(wanted({}, true).systemAudio, "include", "a companion plays nothing that could come back");
});

test("sound in which all would hear themselves does not go along, whatever the browser gave", () => {
  assert.equal(loops({}, { displaySurface: "browser" }, false), false);
  assert.equal(loops({}, { displaySurface: "monitor" }, false), true);
  assert.equal(loops({}, {}, false), true);
  assert.equal(loops({ restrictOwnAudio: true }, { displaySurface: "monitor" }, false), false);
  assert.equal(loops({}, { displaySurface: "monitor" }, true), false);
});

test("the sharer is told of sound only while it has a line, and of none with what to do about it", () => {
  const chromium = { suppressLocalAudioPlayback: true };
  assert.equal(said({ sound: "on", live: true, supported: chromium }), "share_sound");
  assert.equal(said({ sound: "on", live: false, supported: chromium }), "");
  assert.equal(said({ sound: "none", live: true, supported: chromium }), "share_sound_none");
  assert.equal(said({ sound: "none", live: true, supported: {} }), "share_sound_never");
  assert.equal(said({ sound: "loops", live: true, supported: chromium }), "share_sound_loops");
});
