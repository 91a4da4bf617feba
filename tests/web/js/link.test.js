import assert from "node:assert/strict";
import { test } from "node:test";
import { MediaLink } from "../../../web/static/room/link.js";

/** A link that lives, and how often it asked for a ticket since. */
function living() {
  const link = new MediaLink({ prepare() {}, ticket: () => { link.asked += 1; return new Promise(() => {}); }, changed() {} });
  return Object.assign(link, { asked: 0, state: "live" });
}

test("a new session that is asked for while the server does not answer is made once it does", () => {
  const link = living();
  link.doubt();
  link.renew();
  assert.deepEqual([link.state, link.asked], ["live", 0], "what still lives goes on meanwhile");
  link.wake(performance.now());
  assert.deepEqual([link.state, link.asked], ["connecting", 1]);
  clearTimeout(link.timer);
});

test("a link that lives through the server's silence is left alone", () => {
  const link = living();
  link.doubt();
  link.wake(performance.now());
  assert.deepEqual([link.state, link.asked], ["live", 0]);
});

test("what begins while the server does not answer waits, also in vain", () => {
  const link = living();
  link.doubt();
  link.start();
  assert.deepEqual([link.state, link.asked], ["lost", 0]);
  link.stop();
  link.wake(performance.now());
  assert.deepEqual([link.state, link.asked], ["closed", 0]);
});
