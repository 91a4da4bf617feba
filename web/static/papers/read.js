/* The reader on a page of its own. */

import { byId, data } from "../room/page.js";
import { saving } from "./pages.js";
import { Viewer } from "./viewer.js";

const viewer = new Viewer(byId("reader"), {
  open: (paper) => location.assign(`${data.base}/papers/${encodeURIComponent(paper)}`),
  turned: (page) => history.replaceState(null, "", `#${page}`),
  saving,
});
const asked = Number(location.hash.slice(1));
await viewer.open(data.paper, asked > 0 ? asked : undefined);
