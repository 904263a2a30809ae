// SPDX-License-Identifier: MIT
// A text that anybody wrote, as nodes: links can be followed, mentions stand out, nothing is HTML.
import { element } from "./dom.js";

const LINK = /https?:\/\/[^\s<>"'`]+/giu;
const TAIL = /[.,!?;:'")\]}…]+$/u;

/** The address without what only ends the sentence; a bracket that it opened itself belongs to it. */
function addressIn(found) {
  const text = found.replace(TAIL, (tail) =>
    tail.startsWith(")") && found.slice(0, -tail.length).includes("(") ? ")" : "",
  );
  try {
    const url = new URL(text);
    return url.hostname ? { text, href: url.href } : null;
  } catch {
    return null;
  }
}

function link({ text, href }) {
  const node = element("a", "chat-link", text);
  node.href = href;
  node.target = "_blank";
  node.rel = "noopener nofollow ugc";
  return node;
}

/** Puts what stands between two links, with mentions marked. */
function* mentionsIn(text, names) {
  let rest = text;
  while (rest) {
    const places = names.map((name) => [rest.indexOf(`@${name}`), name.length + 1]);
    const [at, length] = places.reduce(
      (best, one) => (one[0] >= 0 && (best[0] < 0 || one[0] < best[0]) ? one : best),
      [-1, 0],
    );
    if (at < 0) return yield rest;
    if (at > 0) yield rest.slice(0, at);
    yield element("span", "chat-mention", rest.slice(at, at + length));
    rest = rest.slice(at + length);
  }
}

/** Nodes and texts of a message; `names` are those of the people it mentions. */
export function textNodes(text, names = []) {
  const known = [...names].sort((a, b) => b.length - a.length); // "Ann Lee" before "Ann"
  const nodes = [];
  let done = 0;
  for (const { 0: found, index } of text.matchAll(LINK)) {
    const address = addressIn(found);
    if (!address) continue;
    nodes.push(...mentionsIn(text.slice(done, index), known), link(address));
    done = index + address.text.length;
  }
  nodes.push(...mentionsIn(text.slice(done), known));
  return nodes;
}

/** The beginning of a text, in one line. */
export function snippet(text, max = 80) {
  const line = text.replace(/\s+/gu, " ").trim();
  const letters = [...line];
  return letters.length > max ? `${letters.slice(0, max - 1).join("")}…` : line;
}

/** How many characters a text has, as the server counts them. */
export const lengthOf = (text) => [...text].length;
