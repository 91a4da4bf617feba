/* This page's own camera and microphone: opened, switched, followed when a cable is pulled, shown in the own tile. */

import * as devices from "./devices.js";
import { byId, word } from "./page.js";

export class Devices {
  /** `changed(what)`: "tracks" when other tracks are to be sent, "switches" when one was switched on or off. */
  constructor(changed) {
    this.changed = changed;
    this.choice = devices.remembered();
    this.stream = new MediaStream();
    this.problems = {};          // by kind, why there is no track of it
    this.stopMeter = () => {};
    this.plugging = null;        // the work on devices that came or went, while it lasts
    this.plugged = false;        // one came or went since
    this.over = false;
  }

  get hasMic() {
    return this.stream.getAudioTracks().length > 0;
  }

  #live() {
    return this.stream.getTracks().filter((track) => track.readyState === "live");
  }

  #missing() {
    return devices.KINDS.filter((kind) => !this.#live().some((track) => track.kind === kind));
  }

  /** Opens the devices that have no live track: at first both, later one that was unplugged or has just come.
   *  Says whether the stream is another one now. */
  async open() {
    const opened = await devices.open(this.choice, this.#missing());
    const live = this.#live();
    this.problems = opened.problems;
    if (!opened.stream.getTracks().length && live.length === this.stream.getTracks().length) return false;
    this.stream = new MediaStream([...live, ...opened.stream.getTracks()]);
    const { stream, choice } = this;
    if (this.over) stream.getTracks().forEach((track) => track.stop());
    stream.getTracks().forEach((track) => (track.onended = () => this.replug()));
    stream.getAudioTracks().forEach((track) => (track.enabled = choice.audioOn));
    stream.getVideoTracks().forEach((track) => (track.enabled = choice.videoOn));
    byId("self").querySelector("video").srcObject = stream.getVideoTracks().length ? stream : null;
    byId("self").classList.toggle("live", stream.getVideoTracks().length > 0 && choice.videoOn);
    this.stopMeter();
    this.stopMeter = devices.meter(stream, (level) => byId("self-level").style.setProperty("--level", choice.audioOn ? level : 0));
    return true;
  }

  /** Another device of this kind is wanted, or the same in another way: {audio | video: id} or {echo}. */
  choose(kind, change) {
    devices.remember(change);
    Object.assign(this.choice, change);
    for (const track of this.stream.getTracks().filter((one) => one.kind === kind)) {
      track.onended = null;
      track.stop();
    }
    this.replug();
  }

  /** A cable was pulled or put in: what is sent follows.  One cable makes several events. */
  replug() {
    this.plugged = true;
    this.plugging ??= this.#follow().finally(() => (this.plugging = null));
  }

  async #follow() {
    while (this.plugged && !this.over) {
      this.plugged = false;
      if (this.#missing().every((kind) => this.problems[kind] === "denied")) return;    // who said no is not asked again and again
      const changed = await this.open();
      if (!changed || this.over) continue;
      this.changed("tracks");
      this.draw();
    }
  }

  toggle(kind) {
    const key = `${kind}On`;
    this.choice[key] = !this.choice[key];
    devices.remember({ [key]: this.choice[key] });
    const tracks = kind === "audio" ? this.stream.getAudioTracks() : this.stream.getVideoTracks();
    tracks.forEach((track) => (track.enabled = this.choice[key]));
    if (kind === "video") byId("self").classList.toggle("live", this.choice[key]);
    this.draw();
    this.changed("switches");
  }

  draw() {
    const draw = (id, kind, on, words) => {
      const button = byId(id);
      const has = this.stream.getTracks().some((track) => track.kind === kind);
      button.disabled = !has;
      button.classList.toggle("off", !on || !has);
      button.setAttribute("aria-pressed", String(!on));
      button.querySelector("span").textContent = word(has ? words[on ? 0 : 1] : words[2]);
    };
    draw("mic", "audio", this.choice.audioOn, ["mute", "unmute", "no_mic"]);
    draw("cam", "video", this.choice.videoOn, ["hide", "unhide", "no_cam"]);
  }

  /** The camera's lamp goes out. */
  end() {
    this.over = true;
    this.stopMeter();
    this.stream.getTracks().forEach((track) => track.stop());
  }
}
