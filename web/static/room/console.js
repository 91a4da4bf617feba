/* The console of the chair and the secretary: the meeting's course, the floor, conclusions; votes: motion.js.
 * Every action is one POST; what everybody sees comes back with the news, never from here. */

import { act, byId, data, fill, fold, make, notice, pointName, post, show, word } from "./page.js";

const ACTIONS = { convened: ["open"], open: ["suspend"], suspended: ["resume"] };

export function start({ store, conducting }) {
  if (!conducting) return;
  const console = new Console();
  store.on(["conclusions"], ({ conclusions }) => (byId("conclusion-sum").textContent = conclusions.length ? word("conclusions_n", { n: conclusions.length }) : ""));
  store.on(["meeting", "agenda", "running", "floor", "present", "queue", "main"], (state) => console.update(state));
}

class Console {
  constructor() {
    document.addEventListener("click", (event) => this.#click(event));
    byId("floor-form").addEventListener("submit", (event) => this.#search(event));
    byId("conclusion-form").addEventListener("submit", (event) => this.#conclusion(event));
    byId("close-form").addEventListener("submit", (event) => this.#close(event));
    byId("close-word").addEventListener("input", (event) => {
      byId("close-now").disabled = fold(event.target.value) !== fold(word("close_word"));
    });
  }

  update(state) {
    this.state = state;
    const actions = ACTIONS[state.meeting.state] ?? [];
    fill(byId("course"), actions, () => actions.map((action) =>
      make("button", { class: `btn ${action === "suspend" ? "" : "primary"}`, "data-do": action, text: word(action) })));
    this.#agenda(state);
    const speaker = byId("floor-now");
    speaker.textContent = state.floor ? word("has_floor", { name: pointName(state.floor.code) }) : word("floor_open");
    show(byId("take-floor"), Boolean(state.floor));
    const open = state.meeting.state === "open";
    show(byId("ending"), open || state.meeting.state === "suspended");
    if (open !== this.open) {       // only then: a button that waits for its answer is not set free by somebody's news
      this.open = open;
      for (const form of [byId("floor-form"), byId("conclusion-form")]) {
        form.querySelectorAll("button, input, select, textarea").forEach((field) => (field.disabled = !open));
      }
    }
    this.#candidates(state);
  }

  #agenda({ agenda, running, meeting }) {
    const next = agenda.find((line) => line.item !== running && !line.ended);
    const button = byId("agenda-next");
    show(button, meeting.state === "open" && Boolean(next || running));
    if (next) {
      button.dataset.item = next.item;
      button.textContent = word("agenda_next", { n: next.item, title: next.title });
    } else {
      delete button.dataset.item;
      button.textContent = word("agenda_end");
    }
  }

  #candidates({ present, queue, main }) {
    const raised = new Set(Object.values(queue).map((row) => row.code));
    const order = new Intl.Collator(data.lang).compare;
    const codes = Object.keys(present).filter((code) => code !== main).sort((a, b) => raised.has(b) - raised.has(a) || order(pointName(a), pointName(b)));
    fill(byId("floor-names"), codes, () => codes.map((code) => make("option", { value: pointName(code) })));
  }

  #send(button, path, body) {
    return act(button, () => post(`${data.conduct}/${path}`, body));
  }

  #click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const { do: action, give, remove } = button.dataset;
    if (give) this.#send(button, "floor", button.dataset.entry ? { entry: Number(button.dataset.entry) } : { code: give });
    else if (remove) this.#send(button, "conclusion/remove", { ord: Number(remove) });
    else if (button.id === "take-floor") this.#send(button, "floor", { code: null });
    else if (button.id === "agenda-next") this.#send(button, "agenda", { item: button.dataset.item ? Number(button.dataset.item) : null });
    else if (action === "close") this.#askClose();
    else if (action) this.#send(button, action, {});
  }

  #search(event) {
    event.preventDefault();
    const field = byId("floor-search");
    const text = fold(field.value);
    if (!text) return;
    const codes = Object.keys(data.points);
    const code = codes.find((one) => fold(pointName(one)) === text || one === field.value.trim())
      ?? Object.keys(this.state.present).find((one) => fold(pointName(one)).includes(text));
    if (!code) return notice(word("no_such_point"), true);
    this.#send(event.submitter, "floor", { code }).then((done) => done !== undefined && (field.value = ""));
  }

  async #conclusion(event) {
    event.preventDefault();
    const field = event.target.elements.text;
    if (await this.#send(event.submitter, "conclusion", { text: field.value })) field.value = "";
  }

  #askClose() {
    byId("close-word").value = "";
    byId("close-now").disabled = true;
    byId("close-dialog").showModal();
  }

  async #close(event) {
    event.preventDefault();
    if (event.submitter?.value === "cancel") return byId("close-dialog").close();
    const answer = await this.#send(byId("close-now"), "close", {});
    if (!answer) return;
    byId("close-dialog").close();
    if (answer.next) location.assign(answer.next);
  }
}
