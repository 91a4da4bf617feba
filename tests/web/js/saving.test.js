import assert from "node:assert/strict";
import { test } from "node:test";
import { LEVELS, level, most, within } from "../../../web/static/room/saving.js";

test("each level leaves less to the line, and none gives what the line has no room for", () => {
  const rows = LEVELS.map((one) => most(one));
  assert.deepEqual(rows, [...rows].sort((a, b) => b - a));
  assert.equal(most("sound"), 0);
  for (const picture of [true, false]) {
    for (const one of LEVELS) {
      const room = within({ picture, sound: 12_000 }, one);
      assert.equal(room.picture, picture && one !== "sound");
      assert.equal(room.small, one !== "all");
      assert.equal(within({ picture, small: true, sound: 12_000 }, one).small, true);
      assert.equal(room.sound, 12_000);
    }
  }
});

test("what was remembered before there were levels is understood", () => {
  const kept = (text) => (globalThis.localStorage = { getItem: () => text, setItem() {} });
  const stored = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
  try {
    Object.defineProperty(globalThis, "localStorage", { value: undefined, writable: true, configurable: true });
    kept('{"saving": true}');
    assert.equal(level(), "small");
    kept('{"saving": "sound"}');
    assert.equal(level(), "sound");
    kept("{}");
    assert.equal(level(), "all");
  } finally {
    if (stored) Object.defineProperty(globalThis, "localStorage", stored);
  }
});
