// SPDX-License-Identifier: MIT
// What the server tells by itself: one WebSocket that comes back after every loss, and gets what was
// missed. What stands in a room is numbered; the last numbers seen are given at each connection.
import { Problem } from "./problem.js";

const RETRY_MS = 500;
const RETRY_MS_MAX = 15000;
const ANSWER_MS = 10000; // a server that is there answers sooner
const SILENCE_MS = 30000; // after it the line is tried
const ENDED = 4001; // the token has ended
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

function address(seen) {
  const url = new URL("/ws", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const name = guest();
  if (name) url.searchParams.set("guest", name);
  if (Object.keys(seen).length) url.searchParams.set("resume", JSON.stringify(seen));
  return url;
}

/**
 * Listens for events: `on` maps their names to functions of their data. `greet`, a list of
 * {event, data, done}, is said anew at every connection; `done` gets the data of a good answer.
 * `link` is told whether the server can be heard at the moment, after the greetings were said.
 * `token` gives the token of who is signed in, or null; `signedOut` is called when it opens nothing
 * any more.
 *
 * Returns {ask, again}: `ask(event, data)` is a promise of the answer's data, or a Problem, whose
 * code is "lost" when nobody knows whether the server heard it; `again()` connects anew.
 */
export function listen({ on = {}, greet = [], link = () => {}, token = () => null, signedOut }) {
  const seen = {};
  const asked = new Map();
  let count = 0;
  let wait = RETRY_MS;
  let socket = null;
  let retry = 0;
  let silence = 0;

  function note({ room, epoch, seq } = {}) {
    if (!room || !epoch) return;
    const before = seen[room];
    if (before?.epoch === epoch && before.seq >= seq) return;
    seen[room] = { epoch, seq };
  }

  function answer({ id, ok, data, error }) {
    const waiting = asked.get(id);
    asked.delete(id);
    clearTimeout(waiting?.timer);
    if (!ok) return waiting?.no(new Problem(error));
    if (!seen[data?.room]) note(data); // a later mark would pass over what is still on its way
    waiting?.yes(data);
  }

  function take(message) {
    if (message.event === "ack") return answer(message);
    if (message.event === "room:resync") {
      delete seen[message.data.room];
      note(message.data);
    }
    note(message);
    on[message.event]?.(message.data);
  }

  function ask(event, data) {
    return new Promise((yes, no) => {
      if (socket?.readyState !== WebSocket.OPEN) return no(Problem.lost());
      const id = String(++count);
      const asking = socket;
      asked.set(id, { yes, no, timer: setTimeout(() => drop(asking), ANSWER_MS) });
      socket.send(JSON.stringify({ event, data, id }));
    });
  }

  const say = ({ event, data, done = () => {} }) => ask(event, data).then(done, () => {});

  /** Nothing was heard for a while: the first greeting is harmless, and is answered. */
  function probe() {
    if (greet.length) say(greet[0]);
  }

  function heard() {
    clearTimeout(silence);
    silence = setTimeout(probe, SILENCE_MS);
  }

  /** Whoever waits for an answer learns that there will be none. */
  function lose() {
    for (const { no, timer } of asked.values()) {
      clearTimeout(timer);
      no(Problem.lost());
    }
    asked.clear();
    clearTimeout(silence);
    link(false);
  }

  function later(ms) {
    clearTimeout(retry);
    retry = setTimeout(() => socket ?? open(), ms); // somebody may have asked for it meanwhile
  }

  function closed(code, used) {
    lose();
    if (used && (code === ENDED || code === DENIED)) signedOut?.();
    else if (code === DENIED) return;
    later(wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, RETRY_MS_MAX);
  }

  /** Lets go of a connection without waiting for the other side to agree. */
  function drop(old) {
    if (!old || old !== socket) return;
    socket = null;
    old.close();
    closed(0, null);
  }

  function open() {
    clearTimeout(retry);
    const mine = new WebSocket(address(seen));
    const used = token();
    socket = mine;
    mine.addEventListener("open", () => {
      if (mine !== socket) return;
      wait = RETRY_MS;
      heard();
      if (used) say({ event: "auth", data: { token: used } });
      greet.forEach(say);
      link(true);
    });
    mine.addEventListener("message", ({ data }) => {
      if (mine !== socket) return;
      heard();
      take(JSON.parse(data));
    });
    mine.addEventListener("close", ({ code }) => {
      if (mine !== socket) return;
      socket = null;
      closed(code, used);
    });
  }

  function again() {
    wait = RETRY_MS;
    drop(socket);
    open();
  }

  addEventListener("offline", () => drop(socket));
  addEventListener("online", () => {
    if (!socket) again();
  });
  open();
  return { ask, again };
}
