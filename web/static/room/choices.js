/* Which microphone, camera and loudspeaker this page uses, chosen while the meeting goes on; what is chosen is remembered here. */

import * as devices from "./devices.js";
import { byId, make, show, word } from "./page.js";
import { choosable, route } from "./speaker.js";

/** Fills the lists of devices with what there is, that of `stream` or else what was remembered chosen; a list of fewer than `least` is
 *  not shown. */
export async function list(stream, least) {
  const all = await devices.list();
  const chosen = devices.remembered();
  for (const kind of ["audio", "video", "output"]) {
    const field = byId(`${kind}-choice`);
    const used = stream.getTracks().find((track) => track.kind === kind)?.getSettings().deviceId ?? chosen[kind];
    field.replaceChildren(...all[kind].map((device, index) =>
      make("option", { value: device.deviceId, selected: device.deviceId === used, text: device.label || word(`${kind}_n`, { n: index + 1 }) })));
    show(field.closest(".field"), all[kind].length >= least && (kind !== "output" || choosable));
  }
}

export function start({ media, companion }) {
  const panel = byId("choices");
  show(panel, !companion);
  if (companion) return;

  const draw = async () => {
    await list(media.devices.stream, 1);
    byId("echo").checked = devices.remembered().echo;
  };

  panel.addEventListener("toggle", () => panel.open && draw());
  navigator.mediaDevices?.addEventListener?.("devicechange", () => panel.open && draw());
  for (const kind of devices.KINDS) byId(`${kind}-choice`).onchange = ({ target }) => media.devices.choose(kind, { [kind]: target.value });
  byId("echo").onchange = ({ target }) => media.devices.choose("audio", { echo: target.checked });
  byId("output-choice").onchange = ({ target }) => {
    devices.remember({ output: target.value });
    for (const player of document.querySelectorAll("audio")) route(player);
  };
}
