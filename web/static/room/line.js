/* The state of one's own line, in words: is the sound going out, is it heard, does the network keep up. */

/** What the microphone's sign says; never more than is known.  The truth about being heard is the server's: `silenced` is why it
 *  lets nothing of this point through, whatever its own microphone does (hearing.js), and where many may speak the loudest few
 *  are passed on; so only the point that has the `floor` is told that everybody hears it, and only while the server is heard:
 *  `up` is the state of the link that sends, `feed` whether the news come, `reported` whether the server says that sound
 *  arrives, `muted` whether the device or the system keeps the sound back, `dumb` whether the microphone gives none at all, `away` whether the server misses this point. */
export function voice({ hasMic, micOn, up, feed = true, reported = true, muted = false, dumb = false, silenced = null, away = false, floor = false }) {
  if (!hasMic) return { key: "mic_missing", tone: "off" };
  if (up === "refused") return { key: "mic_refused", tone: "off" };
  if (!micOn) return { key: "mic_off", tone: "off" };
  if (muted) return { key: "mic_blocked", tone: "off" };
  if (up === "mending" || up === "lost") return { key: "mic_checking", tone: "off" };
  if (up !== "live") return { key: "mic_connecting", tone: "off" };
  if (!feed || !reported || away) return { key: "mic_checking", tone: "off" };
  if (dumb) return { key: "mic_dumb", tone: "off" };
  if (silenced) return { key: silenced, tone: "wait" };
  return { key: floor ? "mic_floor" : "mic_on", tone: "on" };
}

/** The connection as one word: good | weak | joining | lost, from the links' states and whether a line is known to be weak. */
export function quality({ up, down, feed, weak }) {
  const states = [up, down].filter((state) => state && state !== "closed" && state !== "refused");
  if (states.includes("lost") || !feed) return "lost";
  if (states.some((state) => state !== "live")) return "joining";     // or looking for another path
  return weak ? "weak" : "good";
}

/** Reads getStats of the receiver: which pictures grew, what share of packets was lost since the last reading. */
export class Reader {
  constructor() {
    this.before = new Map();
    this.still = new Map();
  }

  async read(pc) {
    const moving = new Set();
    const grown = new Set();
    let lost = 0;
    let got = 0;
    for (const report of (await pc.getStats()).values()) {
      if (report.type !== "inbound-rtp") continue;
      const old = this.before.get(report.mid) ?? { packetsReceived: 0, packetsLost: 0, framesDecoded: 0 };
      lost += Math.max(0, report.packetsLost - old.packetsLost);
      got += Math.max(0, report.packetsReceived - old.packetsReceived);
      if (report.kind === "video") {
        const still = report.framesDecoded > old.framesDecoded ? 0 : (this.still.get(report.mid) ?? 0) + 1;
        this.still.set(report.mid, still);
        if (report.framesDecoded && still < 2) moving.add(report.mid);
        if (!still) grown.add(report.mid);
      }
      this.before.set(report.mid, { packetsReceived: report.packetsReceived, packetsLost: report.packetsLost, framesDecoded: report.framesDecoded ?? 0 });
    }
    return { moving, grown, loss: got + lost ? lost / (got + lost) : 0 };
  }
}
