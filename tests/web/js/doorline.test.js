import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

globalThis.document = { getElementById: () => ({ textContent: '{"words": {}}' }) };     // a page would carry its data
const { look, verdict } = await import("../../../web/static/room/doorline.js");

test("plain words for what a line carries", () => {
  assert.deepEqual([2_000_000, 800_000, 799_999, 150_000, 149_999, 64_000, 0].map(verdict),
    ["good", "good", "weak", "weak", "listen", "listen", "listen"]);
});

/** What is seen of a server that says `octets` each twenty milliseconds; 0: nothing at all. */
async function seen(octets, status = 200) {
  const server = createServer((_request, response) => {
    response.writeHead(status);
    const timer = setInterval(() => octets && response.write(Buffer.alloc(octets)), 20);
    if (status !== 200) response.end();
    response.on("close", () => clearInterval(timer));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  try {
    return await look(`http://127.0.0.1:${server.address().port}/`, 700);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test("a line is looked at for a moment, whatever it carries", async () => {
  const rate = await seen(1000);
  assert.ok(rate > 100_000 && rate < 420_000, String(rate));
  assert.equal(await seen(0), 0);
  assert.equal(await seen(0, 503), null);
});
