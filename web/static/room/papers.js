/* The meeting's documents. */

import { byId, data, fill, icon, make, show } from "./page.js";
import { inOrder } from "./store.js";

export function start({ store }) {
  store.on(["documents"], ({ documents }) => {
    const files = inOrder(documents);
    fill(byId("documents"), files, () => files.map((file) => make("li", {},
      make("a", { href: `${data.base}/documents/${encodeURIComponent(file.id)}`, target: "_blank", rel: "noopener" },
        icon("file-text"), make("span", { text: file.name }), make("small", { class: "quiet", text: size(file.size) })))));
    show(byId("documents-empty"), !files.length);
  });
}

export function size(bytes) {
  const style = { maximumFractionDigits: 1 };
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024)).toLocaleString(data.lang)} KB`;
  return `${(bytes / 1024 / 1024).toLocaleString(data.lang, style)} MB`;
}
