/* Lines of captions out of what is typed at a stretch. */

import assert from "node:assert/strict";
import test from "node:test";

import { pieces } from "../../../web/static/room/pieces.js";

test("short text is one line, blank text is none", () => {
  assert.deepEqual(pieces("  Kính thưa   các đồng chí\n", 140), ["Kính thưa các đồng chí"]);
  assert.deepEqual(pieces(" \n ", 140), []);
});

test("long text is parted between words, and nothing is lost", () => {
  const text = "một hai ba bốn năm sáu bảy tám chín mười";
  const made = pieces(text, 12);
  assert.ok(made.every((one) => one.length <= 12));
  assert.equal(made.join(" "), text);
  assert.deepEqual(pieces("mười hai mười", 8), ["mười hai", "mười"]);
});

test("a word without an end is parted too, and never inside a sign of two halves", () => {
  assert.deepEqual(pieces("x".repeat(25), 10), ["x".repeat(10), "x".repeat(10), "x".repeat(5)]);
  const made = pieces("a" + "😀".repeat(9), 6);
  assert.equal(made.join(""), "a" + "😀".repeat(9));
  assert.ok(made.every((one) => one.isWellFormed?.() ?? !/[\uD800-\uDBFF]$/.test(one)));
});

test("letters typed with marks beside them count as one", () => {
  assert.deepEqual(pieces("ế".normalize("NFD").repeat(3), 3), ["ếếế".normalize("NFC")]);
});
