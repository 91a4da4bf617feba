/* What the page of a telephone does beyond plain forms: the page that all see follows as a picture, messages come and go without
 * asking for the page again, and photographs are gathered.  It plays and records nothing. */

import { wire as photos } from "./photos.js";

const WIDTHS = [360, 540, 720, 1080];     // as web/pageimages.py draws them; a telephone needs no more
const SAVING = 540;
const AGAIN = 3000;                       // milliseconds after which a page that could not be had is asked for again
const TRIES = 5;
const KEPT = "diemcau.sheet";             // whether the picture is wanted, on this telephone
const byId = (id) => document.getElementById(id);

function dress() {
  for (const plain of document.querySelectorAll("[data-plain]")) plain.hidden = true;
  for (const live of document.querySelectorAll("[data-live]")) live.hidden = false;
  for (const form of document.querySelectorAll("#chat form:not([data-wired]), #offer form[data-photos]:not([data-wired])")) {
    form.dataset.wired = "";
    if (form.closest("#offer")) photos(form);
    else form.addEventListener("submit", say);
  }
  const sheet = document.querySelector("#shown details:not([data-wired])");
  if (sheet) {
    sheet.dataset.wired = "";
    sheet.open = wanted();
    sheet.addEventListener("toggle", () => { keep(sheet.open); draw(); });
  }
  draw();
}

// --- the page that all see ------------------------------------------------------------------------------------------

function wanted() {
  try {
    return (localStorage.getItem(KEPT) ?? (navigator.connection?.saveData ? "no" : "yes")) === "yes";
  } catch {
    return !navigator.connection?.saveData;      // private windows may refuse storage
  }
}

function keep(open) {
  try {
    if (open !== wanted()) localStorage.setItem(KEPT, open ? "yes" : "no");
  } catch { /* as above */ }
}

/** A turn of the same paper needs no question; another paper is another part of the page. */
function turned(news) {
  const shown = byId("shown");
  if (!news || shown?.dataset.own !== news.document) return false;
  if (news.since < shown.dataset.since) return true;
  Object.assign(shown.dataset, { page: news.page, pages: news.pages, since: news.since });
  draw();
  return true;
}

const pageOf = ({ of, page, pages }) => of.replace("{page}", page).replace("{pages}", pages);

async function draw(tries = TRIES) {
  const shown = byId("shown");
  if (!shown) return;
  const { paper, page, name } = shown.dataset;
  const figure = shown.querySelector("figure");
  shown.querySelector("[data-at]").textContent = pageOf(shown.dataset);
  shown.querySelector("[data-link=picture]").href = `${paper}/pages/${page}?w=1080`;
  shown.querySelector("[data-link=read]").href = `${paper}#${page}`;
  const key = `${paper} ${page}`;
  if (document.hidden || !shown.querySelector("details").open || figure.dataset.drawn === key) return;
  const most = Math.ceil((figure.clientWidth || innerWidth) * Math.min(devicePixelRatio || 1, 2));
  const width = Math.min(WIDTHS.find((one) => one >= most) ?? WIDTHS.at(-1), navigator.connection?.saveData ? SAVING : Infinity);
  const image = new Image();
  image.src = `${paper}/pages/${page}?w=${width}`;
  image.alt = `${pageOf(shown.dataset)} · ${name}`;
  try {
    await image.decode();
    if (!shown.isConnected || shown.dataset.page !== page) return;
    figure.replaceChildren(image);
    Object.assign(figure.dataset, { drawn: key, when: Math.round(performance.timeOrigin + performance.now()) });
  } catch {
    if (tries > 1 && shown.isConnected && shown.dataset.page === page) setTimeout(() => draw(tries - 1), AGAIN);
  }
}

// --- messages -------------------------------------------------------------------------------------------------------

const messages = () => document.querySelector("#chat [data-part=messages]");

function said(message) {
  const list = messages();
  if (!list) return false;
  if (!list.querySelector(`[data-message="${message.message}"]`)) list.append(row(message));
  while (list.children.length > Number(byId("chat").dataset.newest)) list.firstElementChild.remove();
  document.querySelector("#chat [data-part=none]").hidden = true;
  return true;
}

function taken({ message }) {
  messages()?.querySelector(`[data-message="${message}"]`)?.remove();
  return Boolean(messages());
}

function row({ message, author, point, text, at }) {
  const item = document.createElement("li");
  item.dataset.message = message;
  const [from, words, name, time] = ["p", "p", "b", "time"].map((tag) => document.createElement(tag));
  from.className = "from";
  words.className = "text";
  time.className = "quiet small";
  name.textContent = author;
  words.textContent = text;
  time.dateTime = at;
  time.textContent = new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", timeZone: byId("now").dataset.zone });
  from.append(name, point && point !== author ? ` · ${point} ` : " ", time);
  item.append(from, words);
  return item;
}

async function say(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const [field, status, button] = ["textarea", "[role=status]", "button"].map((one) => form.querySelector(one));
  button.disabled = true;
  let told;
  try {
    const response = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" } });
    const answer = await response.json();
    told = response.ok ? form.dataset[answer.state === "held" ? "saidHeld" : "said"] : answer.message;
    if (response.ok) field.value = "";
    if (response.ok && answer.state === "said") said(answer);
  } catch {
    told = form.dataset.failed;
  }
  button.disabled = false;
  status.textContent = told;
  status.hidden = false;
  field.focus();
}

document.addEventListener("room", (event) => {
  const { name, data } = event.detail;
  if ({ page: turned, chat: said, chat_gone: taken }[name](data)) event.preventDefault();
});
document.addEventListener("renewed", dress);
document.addEventListener("visibilitychange", () => draw());
dress();
