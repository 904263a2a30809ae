// SPDX-License-Identifier: MIT
// The list of streams: live ones first, refreshed when the server says so, and now and then.
import { ago, streamsByStatus, watching } from "./api.js";
import { at, element, hue } from "./dom.js";
import { listen } from "./live.js";

const REFRESH_MS = 5000; // while the server cannot be heard
const HEARD_REFRESH_MS = 60000;

function card(stream) {
  const live = stream.status === "live";
  const cover = element("div", "cover", ...(live ? [element("span", "badge", "Live")] : []));
  cover.style.setProperty("--hue", hue(stream.playbackId));
  const time = live ? stream.startedAt : stream.scheduledFor;
  const title = document.createElement("strong");
  title.textContent = stream.title;
  const text = element("div", "card-text", title, element("span", "quiet", time ? ago(time) : ""));
  if (live) {
    const viewers = element("span", "quiet", watching(stream.viewerCount));
    viewers.dataset.viewers = stream.playbackId;
    text.append(viewers);
  }
  const link = element("a", "card", cover, text);
  link.href = `/watch/${encodeURIComponent(stream.playbackId)}`;
  return element("li", "", link);
}

let shown = "";

async function refresh() {
  try {
    const [live, upcoming] = await Promise.all([streamsByStatus("live"), streamsByStatus("upcoming")]);
    at("trouble").hidden = true;
    at("empty").hidden = live.length > 0;
    const planned = upcoming.filter((stream) => stream.scheduledFor);
    const next = JSON.stringify([live, planned]);
    if (next === shown) return; // leaves focus and reading position alone
    shown = next;
    at("live").replaceChildren(...live.map(card));
    at("upcoming").replaceChildren(...planned.map(card));
    at("upcoming-section").hidden = planned.length === 0;
  } catch {
    at("trouble").textContent = "The server cannot be reached. Trying again …";
    at("trouble").hidden = false;
  }
}

/** How many watch a stream, between two refreshes. */
function count({ playbackId, viewerCount }) {
  const node = document.querySelector(`[data-viewers="${CSS.escape(playbackId)}"]`);
  if (node) node.textContent = watching(viewerCount);
}

let heard = false;
let timer = 0;

function later() {
  clearTimeout(timer);
  timer = setTimeout(run, heard ? HEARD_REFRESH_MS : REFRESH_MS);
}

async function run() {
  if (!document.hidden) await refresh();
  later();
}

listen({
  greet: [{ event: "live:browse" }],
  on: { "live:created": refresh, "live:ended": refresh, "viewers:count": count },
  link: (up) => {
    heard = up;
    run(); // what happened in between is not told again
  },
});
document.addEventListener("visibilitychange", () => !document.hidden && refresh());
run();
