/* This point's screen, beside its camera: asked of the browser, announced to the server, sent as a source of its own, ended by whoever
 * ends it first: the button, the browser's own bar, the floor that goes on, the chair.  Also: whose screen all see, in words. */

import { MediaLink, Refused, publish } from "./link.js";
import { act, byId, data, notice, pointName, post, show, word } from "./page.js";
import * as film from "./screensound.js";

const LAYERS = [      // smallest first: the small one is what a weak line can carry, a page of text changes seldom
  { rid: "l", scaleResolutionDownBy: 2, maxBitrate: 150_000, maxFramerate: 5 },
  { rid: "h", scaleResolutionDownBy: 1, maxBitrate: 1_500_000, maxFramerate: 10 },
];
const WANTED = { video: { width: { max: 1920 }, height: { max: 1080 }, frameRate: { ideal: 10, max: 10 } } };
const REFUSED = { NotAllowedError: "share_not_allowed", NotFoundError: "share_not_found", NotReadableError: "share_not_readable" };

/** Whether this browser can show a screen to others at all; those of phones cannot. */
const able = () => Boolean(navigator.mediaDevices?.getDisplayMedia);

const supported = () => navigator.mediaDevices?.getSupportedConstraints?.() ?? {};

/** Whether the room lets this point share now; the server asks itself. */
export const may = ({ floor, main, presenter, meeting }, me) => Boolean(me) && (me === main
  ? ["convened", "open", "suspended"].includes(meeting.state)
  : meeting.state === "open" && (floor?.code === me || floor?.paused === me || presenter === me));

export function start(room) {
  if (room.me) room.sharing = new Sharing(room);
  else new Told(room);
}

/** What everybody is told: whose screen it is, and to whoever conducts a button that takes it away. */
class Told {
  constructor({ store, me, conducting }) {
    Object.assign(this, { store, me, conducting });
    this.sign = byId("sharing");
    store.on(["share", "points"], () => this.draw());
  }

  draw() {
    const { share } = this.store.state;
    const mine = Boolean(share) && share.code === this.me;
    show(this.sign, Boolean(share) && (mine || this.conducting));
    const said = `${share?.code ?? ""} ${this.here ?? ""}`;
    if (this.sign.dataset.said === said) return;
    this.sign.dataset.said = said;
    byId("sharing-text").textContent = !share ? "" : mine ? word(this.here ? "share_mine" : "share_mine_elsewhere") : word("share_by", { name: pointName(share.code) });
    const stop = byId("sharing-stop");
    stop.textContent = word("share_stop");
    stop.onclick = () => act(stop, () => (mine ? this.stop() : post(`${data.conduct}/share/end`)));
    if (share && !mine) byId("told").textContent = word("share_by", { name: pointName(share.code) });
  }
}

class Sharing extends Told {
  constructor(room) {
    super(room);
    this.stream = null;
    this.silent = room.companion;      // such a page plays nothing
    this.button = byId("share");
    this.link = new MediaLink({
      prepare: (pc) => publish(pc, this.stream, () => LAYERS.map((layer) => ({ ...layer })), film.FILM),
      ticket: async (signal) => {
        const told = await post(`${data.base}/share/tickets`, {}, signal);
        return { url: `/media/rooms/${data.room}/whip`, token: told.publish, ice: told.ice };
      },
      changed: (state, error) => this.#onLink(state, error),
      relayed: room.relayed,
    });
    this.link.limit({ picture: true, small: false, sound: film.FILM });
    this.wanted = new Map();
    this.button.onclick = () => act(this.button, () => (this.here ? this.stop() : this.begin()));
    room.store.hear("wanted", ({ session, tracks }) => {
      this.wanted = new Map([...this.wanted].slice(-3)).set(session, tracks);
      this.#heed();
    });
    room.store.hear("replaced", ({ session }) => session === this.link.session && this.#over("share_replaced"));
    room.store.hear("media", ({ session }) => session === this.link.session && this.link.renew());
    room.store.on(["share", "floor", "main", "presenter", "meeting"], (state, before) => this.#follow(state, before));
    addEventListener("pagehide", () => this.stream && this.stop(true));
    addEventListener("online", () => this.link.mend());
    document.addEventListener("over", () => this.#release());      // another device has the seat, or the meeting has ended
  }

  /** Whether this very page shows its screen. */
  get here() {
    return Boolean(this.stream);
  }

  async begin() {
    let stream;
    try {
      stream = await navigator.mediaDevices.getDisplayMedia({ ...WANTED, ...film.wanted(supported(), this.silent) });
    } catch (error) {
      notice(word(REFUSED[error.name] ?? "share_failed"), true);
      return;
    }
    const [track] = stream.getVideoTracks();
    track.contentHint = "detail";
    this.#takeSound(stream, track);
    try {
      await post(`${data.base}/share`);
    } catch (error) {
      for (const one of stream.getTracks()) one.stop();
      throw error;
    }
    this.stream = stream;
    track.onended = () => this.stop();      // the browser's own bar, or the window that was shown is closed
    this.link.start();
    this.redraw();
  }

  /** Sound that goes along with it, unless all would hear themselves in it. */
  #takeSound(stream, picture) {
    this.sound = "none";
    for (const track of stream.getAudioTracks()) {
      this.sound = film.loops(track.getSettings(), picture.getSettings(), this.silent) ? "loops" : "on";
      track.contentHint = "music";
      track.onended = () => {
        if (this.sound === "on") this.sound = "none";
        this.redraw();
      };
      if (this.sound === "on") continue;
      stream.removeTrack(track);
      track.stop();
    }
  }

  /** By one's own word; `leaving`: nobody waits for the answer. */
  async stop(leaving = false) {
    this.#release();
    if (leaving) {
      fetch(`${data.base}/share/end`, { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: "{}", keepalive: true }).catch(() => {});
      return;
    }
    await post(`${data.base}/share/end`);
  }

  #release() {
    const { stream } = this;
    this.stream = null;
    for (const track of stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.link.stop();
    this.redraw();
  }

  #over(key) {
    if (!this.stream) return;
    this.#release();
    notice(word(key), true);
  }

  #onLink(state, error) {
    this.#heed();
    this.#drawSound();
    if (state !== "refused" || !this.stream) return;
    this.#release();
    notice((error instanceof Refused && error.message) || word("share_failed"), true);
  }

  /** What of it somebody looks at. */
  #heed() {
    const tracks = this.wanted?.get(this.link.session);
    if (tracks && this.link.tracks !== tracks) this.link.send(tracks);
  }

  /** The server ended it: the floor went on, the chair took it, the meeting rests. */
  #follow({ share }, before) {
    if (this.stream && before.share?.code === this.me && share?.code !== this.me) this.#over(share ? "share_other" : "share_ended");
    this.redraw();
  }

  /** Says no more than is true: sound that has no line reaches nobody. */
  #drawSound() {
    const key = this.here ? film.said({ sound: this.sound, live: this.link.state === "live", supported: supported() }) : "";
    const sign = byId("sharing-sound");
    if (sign.dataset.key === key) return;
    sign.dataset.key = key;
    sign.textContent = key && word(key);
    show(sign, Boolean(key));
  }

  redraw() {
    this.draw();
    this.#drawSound();
    const allowed = may(this.store.state, this.me);
    const { button } = this;
    if (!button) return;
    show(button, able() && (allowed || this.here));
    button.classList.toggle("on", this.here);
    button.setAttribute("aria-pressed", String(this.here));
    button.querySelector("span").textContent = word(this.here ? "share_stop" : "share_begin");
    const hint = byId("share-hint");      // to whom it matters: to those who may, on a browser that cannot
    show(hint, !able() && allowed && this.me !== this.store.state.main);
  }
}
