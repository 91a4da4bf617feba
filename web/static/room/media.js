/* Pictures and sounds of one point's page: what it sends, what it receives, how its line goes.  Draws through the stage. */

import { Devices } from "./devices_here.js";
import { silenced } from "./hearing.js";
import { Here } from "./here.js";
import { Reader, quality, voice } from "./line.js";
import { MediaLink, publish, receive } from "./link.js";
import { Gallery } from "./gallery.js";
import { MicWatch } from "./micwatch.js";
import { byId, data, isScreen, notice, post, word } from "./page.js";
import { Pins } from "./pins.js";
import * as saving from "./saving.js";
import { Sign } from "./sign.js";
import { Stage } from "./stage.js";
import { Troubles } from "./troubles.js";
import { Beside, Uplink } from "./uplink.js";
import { View } from "./view.js";

const SESSIONS = 8;         // whose news are kept
const LOSSY = 0.05;         // share of what was sent to this page
const HOLD = 6000;          // milliseconds for which a weak line is called so after it was last seen weak

export class Media {
  constructor({ store, me, companion, mode, relayed, conducting, end, screen }) {
    Object.assign(this, { store, me, companion, mode, conducting, end, screen });
    this.device = deviceName();
    this.lossyUntil = 0;             // this page saw much loss a moment ago
    this.reader = new Reader();
    this.uplink = new Uplink();
    this.beside = new Beside();
    this.slotNews = new Map();       // session → the server's last word on its slots; it may come before the answer that names it
    this.wantedNews = new Map();     // the same on the layers of our own picture that somebody looks at
    this.feedUp = false;
    this.devices = new Devices((what) => this.#follow(what));
    this.stage = new Stage(me, () => this.view?.changed(), () => this.troubles);
    const changed = (now, error) => this.#onLink(now, error);
    this.up = new MediaLink({
      prepare: (pc) => { this.uplink = new Uplink(); publish(pc, this.devices.stream); }, ticket: this.#ticket("publish"), changed, relayed,
    });
    this.down = new MediaLink({
      prepare: (pc) => {
        const slots = slotsFor();
        this.stage.attach(pc);
        this.stage.first = slots.video;
        this.reader = new Reader();
        receive(pc, slots);
      },
      ticket: this.#ticket("subscribe"), changed, relayed,
    });
    this.mic = new MicWatch({ link: this.up, changed: () => this.drawLine() });
    this.view = companion ? null : new View({ link: this.down, sizes: () => this.stage.sizes(), most: (mid) => (isScreen(this.stage.slots.get(mid)?.name) ? saving.read() : saving.most()) });
    const pins = new Pins(this.down);
    this.gallery = new Gallery({ stage: this.stage, pins, store, me });
    this.sign = new Sign({ stage: this.stage, pins, store, me });
    this.troubles = new Troubles({
      me,
      mine: () => ({
        up: this.up.session, down: this.down.session, resting: this.devices.choice.videoOn && this.carries?.picture === false,
        shown: this.stage.shown, still: this.stage.frozen, rows: this.view?.rows ?? {},
        heeded: [store.state.floor?.code, store.state.main],
      }),
      changed: () => this.stage.draw(),
    });
    this.#hear();
    this.#wire();
    store.on(["floor", "main", "present", "spotlight", "share", "hearing", "heard", "muted"], (state) => {
      this.troubles.present(state.present);
      this.stage.update(state);
      this.drawLine();
    });
  }

  async start() {
    if (data.watcher) return this.down.start();       // a desk looks and listens, and sends nothing
    await this.devices.open();
    this.devices.draw();
    if (this.devices.over) return;
    navigator.mediaDevices?.addEventListener("devicechange", () => this.devices.replug());
    if (this.devices.stream.getTracks().length) this.up.start();
    this.down.start();
    if (this.me) this.here = new Here({ links: [this.up, this.down], device: this.device, lost: (error) => this.end(error) });
  }

  stop() {
    this.here?.stop();
    this.up.stop();
    this.down.stop();
  }

  finish() {
    this.stop();
    this.devices.end();
  }

  /** The news come, or do not. */
  heard(connected) {
    this.feedUp = connected;
    if (connected) this.troubles.begin();
    this.drawLine();
  }

  #ticket(role) {
    return async (signal) => {
      if (data.watcher) {
        const given = await post(`${data.base}/watch/tickets`, { watcher: data.watcher }, signal);
        return { url: `/media/rooms/${data.room}/whep`, token: given.subscribe, ice: given.ice };
      }
      const tickets = await post(`${data.base}/tickets`, { roles: [role], device: this.device, mode: this.mode }, signal);
      this.mode = "main";       // taking over is said once; afterwards this device holds the seat
      return { url: `/media/rooms/${data.room}/${role === "publish" ? "whip" : "whep"}`, token: tickets[role], ice: tickets.ice };
    };
  }

  #hear() {
    const { store } = this;
    store.hear("slots", ({ session, slots }) => this.#note(this.slotNews, session, slots));
    store.hear("wanted", ({ session, tracks }) => this.#note(this.wantedNews, session, tracks));
    store.hear("line", (news) => {
      this.troubles.line(news);
      this.drawLine();
    });
    store.hear("away", (news) => this.#silent("away", news));
    store.hear("back", (news) => this.#silent("here", news));
    store.hear("frozen", (news) => this.troubles.frozen(news));
    store.hear("thawed", (news) => this.troubles.thawed(news));
    store.hear("replaced", ({ session }) => [this.up.session, this.down.session].includes(session) && this.end("replaced"));
    // This session died with its server; the other one may live on another server.  Not 239 offers in the same millisecond.
    store.hear("media", ({ session }) => setTimeout(() => {
      for (const link of [this.up, this.down]) if (link.session === session) link.renew();
    }, Math.random() * 1000));
  }

  /** A point's line fell silent or is heard again; of one's own it is the sign that says so. */
  #silent(what, news) {
    this.troubles[what](news);
    this.drawLine();
  }

  #follow(what) {
    if (what === "tracks") {
      if (!this.devices.stream.getTracks().length) this.up.stop();
      else if (["closed", "refused"].includes(this.up.state)) this.up.start();
      else this.up.renew();
    }
    this.drawLine();
  }

  #onLink(now, error) {
    if (now === "refused" && !this.devices.over) this.#refused(error);
    this.#heed();
    this.troubles?.drawOwn();
    this.drawLine();
  }

  /** A device whose pictures nobody can take still listens; who is not let in, or can receive nothing, is told and left alone. */
  #refused(error) {
    if (error.ticket || this.up.state !== "refused" || this.down.state === "refused") this.end(error);
    else notice(error.message || word("mic_refused"), true);
  }

  /** What the server said of our sessions, whether it came before or after they had a name. */
  #heed() {
    const slots = this.slotNews.get(this.down.session);
    if (slots) this.stage.name(slots);
    if (slots && !this.conducting) this.troubles?.sees(slots.map(({ name }) => name));
    const tracks = this.wantedNews.get(this.up.session);
    if (tracks && this.up.tracks !== tracks) this.up.send(tracks);
  }

  /** Keeps the last word on the last few sessions. */
  #note(news, session, said) {
    news.delete(session);
    news.set(session, said);
    if (news.size > SESSIONS) news.delete(news.keys().next().value);
    this.#heed();
  }

  drawLine() {
    const { up, down, store, devices: own } = this;
    const said = voice({
      hasMic: own.hasMic, micOn: own.choice.audioOn, up: up.state, feed: this.feedUp, reported: this.mic.reported, muted: this.mic.muted, dumb: this.mic.dumb,
      away: this.troubles.gone.has(this.me),
      silenced: silenced(store.state, this.me), floor: store.state.floor?.code === this.me,
    });
    const sign = byId("voice");
    if (sign.dataset.key !== said.key) {
      sign.dataset.key = said.key;
      sign.dataset.tone = said.tone;
      sign.querySelector("span").textContent = word(said.key);
    }
    const weak = this.troubles.weak || Date.now() < this.lossyUntil;
    const now = this.companion ? (this.feedUp ? data.mode : "lost") : quality({ up: up.state, down: down.state, feed: this.feedUp, weak });
    const line = byId("line");
    if (line.dataset.said === now) return;      // or it would be read aloud again
    line.dataset.state = line.dataset.said = now;
    line.querySelector("span").textContent = word(`line_${now}`);
  }

  /** The network may be another one: the sessions look for another path before new ones are made. */
  mend() {
    this.up.mend();
    this.down.mend();
  }

  #wire() {
    byId("mic").onclick = () => this.devices.toggle("audio");
    byId("cam").onclick = () => this.devices.toggle("video");
    byId("unmute").onclick = () => this.stage.playAll();
    addEventListener("online", () => this.mend());
    let network = navigator.connection?.type;
    navigator.connection?.addEventListener?.("change", () => {     // also fired whenever its guess of the speed changes
      if (navigator.connection.type === network) return;
      network = navigator.connection.type;
      this.mend();
    });
    saving.wire(() => {
      this.view?.changed(0);
      this.#limit();
      this.troubles.draw();
    });
    setInterval(() => this.#look(), 2000);
  }

  async #look() {
    const { up, down } = this;
    if (up.state === "live") {
      const own = [...(await up.pc.getStats()).values()];
      this.carries = this.uplink.look(own, performance.now());
      await this.#share(own);
      this.#limit();
    }
    this.troubles.draw();
    if (down.state !== "live" || !down.pc) return;
    const look = await this.reader.read(down.pc);
    if (look.loss > LOSSY) this.lossyUntil = Date.now() + HOLD;
    this.stage.moving(look.moving, look.grown);
    this.drawLine();
  }

  /** Where this page sends a screen as well, its camera takes what is left. */
  async #share(own) {
    const screen = this.screen();
    if (!screen || ["closed", "refused"].includes(screen.state)) {
      this.beside = new Beside();
      return;
    }
    if (screen.state === "live") this.beside.look(own, [...(await screen.pc.getStats()).values()], performance.now());
    const { picture, small } = this.beside.camera;
    this.carries = { ...this.carries, picture: this.carries.picture && picture, small };
  }

  /** What the line carries, less what its person saves. */
  #limit() {
    this.up.limit(saving.within(this.carries ?? this.up.room));
  }

  async stats() {
    const read = async (link) => (link.pc ? [...(await link.pc.getStats()).values()] : []);
    return { up: await read(this.up), down: await read(this.down) };
  }
}

/** One name for this tab, so that its own reconnection is not taken for a second device. */
function deviceName() {
  const fresh = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
  try {
    const known = sessionStorage.getItem("diemcau.device") ?? fresh;
    sessionStorage.setItem("diemcau.device", known);
    return known;
  } catch {
    return fresh;
  }
}

/** Fewer pictures where they would not be seen or where data is dear; sound comes first everywhere. */
function slotsFor() {
  if (navigator.connection?.saveData) return { audio: data.slots.audio, video: 1, more: 3 };
  if (matchMedia("(max-width: 900px)").matches) return { audio: data.slots.audio, video: 2, more: 2 };
  return data.slots;
}
