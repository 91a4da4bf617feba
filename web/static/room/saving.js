/* How much this page takes from its line, as its person wants it: all, small pictures (the own one too), or sound alone. */

import * as devices from "./devices.js";

export const LEVELS = ["all", "small", "sound"];
const SMALL = 180;           // rows asked for at most ...
const READ = 540;            // ... and of what has to be read

/** The person's choice, else the device's. */
export function level() {
  const { saving } = devices.remembered();
  if (saving === true) return "small";       // as it was remembered before there were three
  return LEVELS.includes(saving) ? saving : navigator.connection?.saveData ? "small" : "all";
}

/** Rows of a picture that are asked for at most. */
export const most = (saving = level()) => ({ all: Infinity, small: SMALL, sound: 0 })[saving];

/** Rows of a screen that is shared: it is read, not looked at. */
export const read = (saving = level()) => ({ all: Infinity, small: READ, sound: 0 })[saving];

/** What the own camera may send, within what the line has room for: {picture, small, sound}. */
export function within(room, saving = level()) {
  return { ...room, picture: room.picture && saving !== "sound", small: Boolean(room.small) || saving !== "all" };
}

/** Shows the choice and hears of another one. */
export function wire(changed) {
  for (const choice of document.querySelectorAll("input[name=saving]")) {
    choice.checked = choice.value === level();
    choice.onchange = () => {
      devices.remember({ saving: choice.value });
      changed();
    };
  }
}
