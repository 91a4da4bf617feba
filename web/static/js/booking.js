// The tree of points on the booking page: a group box ticks all below it, counts follow at once.
// Without this script the group boxes work by posting the form; with it only single points are posted.
"use strict";

(() => {
  const tree = document.querySelector("#tree");
  if (!tree) return;
  const form = tree.closest("form");

  // The script answers for groups from here on: what is posted are the points alone.
  form.querySelectorAll("[name=was_group]").forEach((input) => input.remove());
  const groups = [...tree.querySelectorAll("[data-group]")];
  for (const group of groups) {
    const box = group.querySelector(":scope > label > input");
    box.removeAttribute("name");
    box.addEventListener("change", () => {
      for (const point of group.querySelectorAll("input[name=point]")) {
        // Under a search only what is seen is ticked; a further room is ticked by hand, and goes with its group.
        if (!point.closest("li[hidden]") && !(box.checked && "room" in point.dataset)) point.checked = box.checked;
      }
      count();
    });
  }

  function count() {
    for (const group of groups) {
      const points = [...group.querySelectorAll("input[name=point]:not([data-room])")];
      const chosen = points.filter((point) => point.checked).length;
      const box = group.querySelector(":scope > label > input");
      box.checked = chosen === points.length;
      box.indeterminate = chosen > 0 && chosen < points.length;
      group.querySelector(":scope > label [data-count]").textContent = `${chosen}/${points.length}`;
    }
  }
  // A named group ticks its points; it stays ticked as long as all of them are.
  const named = [...form.querySelectorAll("input[data-points]")];
  form.querySelectorAll("[name=named_was]").forEach((input) => input.remove());
  const pointsOf = (box) => box.dataset.points.split(",").map((id) => tree.querySelector(`input[name=point][value="${id}"]`)).filter(Boolean);
  for (const box of named) {
    box.addEventListener("change", () => {
      for (const point of pointsOf(box)) point.checked = box.checked;
      count();
    });
  }
  tree.addEventListener("change", () => {
    count();
    for (const box of named) box.checked = pointsOf(box).every((point) => point.checked);
  });
  count();

  // A suggested time fills the fields and looks again, without leaving the page.
  form.addEventListener("click", (event) => {
    const pick = event.target.closest("[data-pick]");
    if (!pick) return;
    event.preventDefault();
    const [day, hours] = pick.value.split(" ");
    const [start, end] = hours.split("-");
    form.elements.day.value = day;
    form.elements.start.value = start;
    form.elements.end.value = end;
    form.elements.end.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // Another agenda line: a copy of the last one, emptied.
  const more = form.querySelector("[data-more]");
  more?.addEventListener("click", (event) => {
    event.preventDefault();
    const lines = form.querySelector("[data-lines]");
    const line = lines.lastElementChild.cloneNode(true);
    const n = lines.children.length + 1;
    line.querySelector(".n").textContent = n;
    for (const input of line.querySelectorAll("input")) {
      input.value = "";
      input.setAttribute("aria-label", input.getAttribute("aria-label").replace(/\d+/, n));
    }
    lines.append(line);
    line.querySelector("input").focus();
  });
})();
