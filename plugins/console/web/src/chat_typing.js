// SPDX-License-Identifier: MIT
// Who is writing at the moment, below the list. Not for screen readers: it would never be still.
import { at } from "./dom.js";

const LASTS_MS = 6000;
const writers = new Map(); // account → {name, timer}

function show() {
  const names = [...writers.values()].map(({ name }) => name);
  const node = at("chat-typing");
  if (names.length === 0) node.textContent = "";
  else if (names.length === 1) node.textContent = `${names[0]} is typing …`;
  else if (names.length === 2) node.textContent = `${names[0]} and ${names[1]} are typing …`;
  else node.textContent = "Several people are typing …";
}

/** Somebody has sent what he wrote, or stopped. */
export function stopped(userId) {
  if (!writers.has(userId)) return;
  clearTimeout(writers.get(userId).timer);
  writers.delete(userId);
  show();
}

export function typing({ userId, userName, typing: on }) {
  clearTimeout(writers.get(userId)?.timer);
  if (!on) return stopped(userId);
  writers.set(userId, { name: userName, timer: setTimeout(() => stopped(userId), LASTS_MS) });
  show();
}
