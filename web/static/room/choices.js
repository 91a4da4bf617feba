/* Which microphone, camera and loudspeaker this page uses, chosen while the meeting goes on; what is chosen is remembered here. */

import * as devices from "./devices.js";
import { byId, make, show, word } from "./page.js";
import { choosable, route } from "./speaker.js";

export function start({ media, companion }) {
  const panel = byId("choices");
  show(panel, !companion);
  if (companion) return;

  async function draw() {
    const all = await devices.list();
    const chosen = devices.remembered();
    for (const kind of ["audio", "video", "output"]) {
      const field = byId(`${kind}-choice`);
      const used = media.devices.stream.getTracks().find((track) => track.kind === kind)?.getSettings().deviceId ?? chosen[kind];
      field.replaceChildren(...all[kind].map((device, index) =>
        make("option", { value: device.deviceId, selected: device.deviceId === used, text: device.label || word(`${kind}_n`, { n: index + 1 }) })));
      show(field.closest(".field"), all[kind].length > 0 && (kind !== "output" || choosable));
    }
    byId("echo").checked = chosen.echo;
  }

  panel.addEventListener("toggle", () => panel.open && draw());
  navigator.mediaDevices?.addEventListener?.("devicechange", () => panel.open && draw());
  for (const kind of devices.KINDS) byId(`${kind}-choice`).onchange = ({ target }) => media.devices.choose(kind, { [kind]: target.value });
  byId("echo").onchange = ({ target }) => media.devices.choose("audio", { echo: target.checked });
  byId("output-choice").onchange = ({ target }) => {
    devices.remember({ output: target.value });
    for (const player of document.querySelectorAll("audio")) route(player);
  };
}
