/* Small tools of the room's pages: the data the server put into the page, words, elements, posts. */

import { ANSWER_TIME, Refused, refusal } from "./link.js";

export const data = JSON.parse(document.getElementById("room-data").textContent);

export const byId = (id) => document.getElementById(id);

/** A text of the page's language; {name} is replaced from `values`. */
export function word(key, values = {}) {
  return (data.words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Behind a point's code: the name of the screen that it shares. */
export const SCREEN = "#screen";
export const isScreen = (name) => Boolean(name?.endsWith(SCREEN));
/** The point that has this media name: 22 for 22#screen. */
export const pointOf = (name) => name?.split("#")[0];

/** Name of a point by its code, or of its screen; a publisher that is no point of the meeting is shown by its code. */
export const pointName = (name) => (isScreen(name) ? word("screen_of", { name: pointName(pointOf(name)) }) : data.points[name] ?? name);

/** make("li", {class: "on", text: "…", onclick}, child, …): the only way elements are made here, so nothing is parsed as HTML. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${data.sprite}#${name}`);
  svg.append(use);
  return svg;
}

/** A button that shows only a picture; its `label` is spoken, and shown where the pointer rests. */
export const tool = (name, label, onclick) => make("button", { class: "tool", "aria-label": label, title: label, onclick }, icon(name));

export function show(element, visible) {
  if (element) element.hidden = !visible;
}

/** Replaces the children only when what they are made from has changed: focus and scrolling survive. */
export function fill(element, source, build) {
  const key = JSON.stringify(source);
  if (!element || element.dataset.made === key) return;
  element.dataset.made = key;
  element.replaceChildren(...build());
}

/** One child for each key, in this order; only new ones are built, so a press on one that stays is not lost. */
export function keep(element, keys, build) {
  const known = new Map([...element.children].map((child) => [child.dataset.key, child]));
  const wanted = new Set(keys);
  for (const [key, child] of known) if (!wanted.has(key)) child.remove();
  keys.forEach((key, index) => {
    const child = known.get(key) ?? build(key);
    child.dataset.key = key;
    if (element.children[index] !== child) element.insertBefore(child, element.children[index] ?? null);
  });
}

/** What the server tells there; throws Refused. */
export async function get(url) {
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (!response.ok) throw await refusal(response);
  return response.json();
}

/** `signal` ends it sooner than its time is over. */
export async function post(url, body = {}, signal = AbortSignal.timeout(ANSWER_TIME)) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  if (data.csrf) headers["X-CSRF-Token"] = data.csrf;
  const response = await fetch(url, {
    method: "POST", headers, body: JSON.stringify(body), credentials: "same-origin", signal,
  });
  if (!response.ok) throw await refusal(response);
  return response.status === 204 ? null : response.json();
}

let noticeTimer;
/** One sentence at the bottom of the page, read aloud by screen readers. */
export function notice(text, bad = false) {
  const box = byId("notice");
  box.textContent = text;
  box.classList.toggle("bad", bad);
  show(box, true);
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => show(box, false), bad ? 9000 : 5000);
}

/** Runs an action of a button: the button waits, a refusal is said in the server's words. */
export async function act(button, action) {
  const focused = button && document.activeElement === button;      // a button that waits loses the focus: it gets it back
  if (button) button.disabled = true;
  try {
    return await action();
  } catch (error) {
    notice(error instanceof Refused && error.message ? error.message : word("no_answer"), true);
    return undefined;
  } finally {
    if (button) button.disabled = false;
    if (focused && document.activeElement === document.body) button.focus({ preventScroll: true });
  }
}

/** For comparing what people type: no accents, đ as d, no case, single spaces. */
export function fold(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d").toLowerCase().trim().replace(/\s+/g, " ");
}

const LOOKS = 20;
const offsets = [];       // of the last news, in milliseconds; what waited in a queue came late, so the largest is the truest
/** The server's clock, so that timers agree everywhere. */
export const serverNow = () => Date.now() + (offsets.length ? Math.max(...offsets) : 0);
export function setServerTime(iso) {
  offsets.push(Date.parse(iso) - Date.now());
  if (offsets.length > LOOKS) offsets.shift();
}

const clock = new Intl.DateTimeFormat(data.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: data.zone });
/** Hour and minute of an instant (ISO or milliseconds) where the meeting is. */
export const timeOf = (instant) => clock.format(new Date(instant));

/** Milliseconds as a clock shows them. */
export function length(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (value) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${two(minutes)}:${two(seconds % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
