/* What one point hears of the chair's word on voices: that it is asked to speak, how the lobby is, that the chair's line is cut. */

import { act, byId, data, notice, post, show, timeOf, word } from "./page.js";

export function start({ store, me, companion, media }) {
  const answer = (button, accept) => act(button, async () => {
    await post(`${data.base}/voice`, { accept });
    if (!accept || companion) return;
    if (media.devices.hasMic && !media.devices.choice.audioOn) media.devices.toggle("audio");
    notice(word(media.devices.hasMic ? "asked_done" : "asked_no_mic"), !media.devices.hasMic);
  });
  byId("asked-yes").onclick = (event) => answer(event.currentTarget, true);
  byId("asked-no").onclick = (event) => answer(event.currentTarget, false);
  store.on(["asked"], ({ asked }) => {
    const mine = !companion && me in asked;
    if (mine === !byId("asked").hidden) return;
    show(byId("asked"), mine);
    byId("asked-text").textContent = mine ? word("asked") : "";      // put in anew, so that it is read aloud
  });
  store.on(["meeting", "setting", "main", "present", "start"], ({ meeting, setting, main, present, start: at }) => {
    const waits = ["draft", "convened"].includes(meeting.state);
    const here = main in present;
    const said = waits
      ? [word(`lobby_${setting.lobby}`, { start: timeOf(at) }), me === main || !main ? "" : word(here ? "lobby_chair_here" : "lobby_chair_away")]
      : meeting.state === "suspended" ? [word("suspended_hint")] : [];
    show(byId("lobby"), said.length > 0);
    byId("lobby").textContent = said.filter(Boolean).join(" ");
    const cut = !waits && ["open", "suspended"].includes(meeting.state) && Boolean(main) && me !== main && !here;
    if (cut === !byId("chair-away").hidden) return;
    show(byId("chair-away"), cut);
    byId("chair-away").textContent = cut ? word("chair_away") : "";
  });
}
