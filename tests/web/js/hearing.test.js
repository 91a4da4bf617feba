import assert from "node:assert/strict";
import { test } from "node:test";
import { passes, silenced } from "../../../web/static/room/hearing.js";

const room = (why, only, heard, muted, floor = null) => ({
  hearing: { why, only }, heard: Object.fromEntries(heard.map((code) => [code, 1])), muted: Object.fromEntries(muted.map((code) => [code, 1])),
  floor: floor && { code: floor },
});

test("only the listed are heard, or everybody but the muted", () => {
  assert.ok(passes(room("floor", true, ["22"], []), "22"));
  assert.ok(!passes(room("floor", true, ["22"], []), "204"));
  assert.ok(passes(room("free", false, [], ["204"]), "22"));
  assert.ok(!passes(room("free", false, [], ["204"]), "204"));
});

test("why one is not heard is said of the rule that holds, and of nobody who is heard", () => {
  const why = (state) => silenced(state, "204");
  assert.equal(why(room("lobby", true, ["22"], [])), "mic_lobby");
  assert.equal(why(room("break", true, ["22"], [])), "mic_break");
  assert.equal(why(room("floor", true, ["22", "1"], [], "1")), "mic_waiting");
  assert.equal(why(room("floor", true, ["22"], [], "204")), "mic_muted");
  assert.equal(why(room("muted", true, ["22"], [])), "mic_muted");
  assert.equal(why(room("free", false, [], ["204"])), "mic_muted");
  assert.equal(why(room("free", false, [], [])), null);
});
