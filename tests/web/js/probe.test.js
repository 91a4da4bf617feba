import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

globalThis.addEventListener = () => {};      // a page would say when it is online again
const knocks = [];
globalThis.WebSocket = class extends WebSocket {
  constructor(url) {
    super(url);
    knocks.push(String(url));
  }
};
const { Probe } = await import("../../../web/static/room/probe.js");

/** A server that can be there and away. */
async function place() {
  const server = createServer((_request, response) => response.end("ok\n"));
  const listen = (port) => new Promise((done) => server.listen(port, "127.0.0.1", done));
  await listen(0);
  const { port } = server.address();
  return { url: `http://127.0.0.1:${port}/healthz`, back: () => listen(port), away: () => new Promise((done) => {
    server.close(done);
    server.closeAllConnections();
  }) };
}

test("what hangs is woken when the server answers again, and nobody is asked while all is well", async () => {
  const server = await place();
  const patient = { ailing: false, woken: [], doubts: 0, wake(at) { this.woken.push(at); }, doubt() { this.doubts += 1; } };
  const told = [];
  const probe = new Probe([patient], { url: server.url, changed: (answers) => told.push(answers) });
  const until = async (holds) => { for (let n = 0; n < 100 && !holds(); n += 1) await new Promise((done) => setTimeout(done, 100)); };
  try {
    await until(() => probe.timer);
    assert.deepEqual([patient.woken, patient.doubts, knocks], [[], 0, []]);
    await server.away();
    patient.ailing = true;
    await until(() => patient.doubts >= 2);
    const deafAt = performance.now();
    await server.back();
    await until(() => patient.woken.some((at) => at > 0));
    assert.ok(patient.doubts >= 2);
    assert.ok(patient.woken.every((at) => at <= deafAt + 1000));
    assert.deepEqual(told, [false, true]);
    assert.ok(knocks.length && knocks.every((one) => one === server.url.replace("http:", "ws:")), "only who does not answer is knocked at");
  } finally {
    clearInterval(probe.timer);
    await server.away();
  }
});
