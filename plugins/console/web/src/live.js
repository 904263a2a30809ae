// SPDX-License-Identifier: MIT
// What the server tells by itself: one WebSocket that comes back after every loss.

const RETRY_MS = 500;
const RETRY_MS_MAX = 15000;
const DENIED = 4003; // the server does not want this client back

/** A name under which all tabs of this browser count as one viewer. */
function guest() {
  try {
    const kept = localStorage.getItem("guest") ?? crypto.randomUUID();
    localStorage.setItem("guest", kept);
    return kept;
  } catch {
    return ""; // a browser that keeps nothing: each tab counts
  }
}

function address() {
  const url = new URL("/ws", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const name = guest();
  if (name) url.searchParams.set("guest", name);
  return url;
}

/**
 * Listens for events: `on` maps their names to functions of their data. `greet`, a list of
 * {event, data, done}, is said anew at every connection; `done` gets the data of a good answer.
 * `link` is told whether the server can be heard at the moment.
 */
export function listen({ on = {}, greet = [], link = () => {} }) {
  let wait = RETRY_MS;

  function open() {
    const socket = new WebSocket(address());
    socket.addEventListener("open", () => {
      wait = RETRY_MS;
      link(true);
      greet.forEach(({ event, data }, id) => socket.send(JSON.stringify({ event, data, id: String(id) })));
    });
    socket.addEventListener("message", ({ data: text }) => {
      const { event, data, id, ok } = JSON.parse(text);
      if (event === "ack" && ok) greet[id]?.done?.(data);
      else on[event]?.(data);
    });
    socket.addEventListener("close", ({ code }) => {
      link(false);
      if (code === DENIED) return;
      setTimeout(open, wait * (0.5 + Math.random()));
      wait = Math.min(wait * 2, RETRY_MS_MAX);
    });
  }

  open();
}
