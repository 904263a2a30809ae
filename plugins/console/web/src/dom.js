// SPDX-License-Identifier: MIT
// Small helpers to make a page of nodes. Texts become text nodes, never HTML.

export const at = (id) => document.getElementById(id);

export function element(name, className = "", ...children) {
  const node = document.createElement(name);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** A button that says `label`; `act` gets the click. */
export function button(label, className, act) {
  const node = element("button", className, label);
  node.type = "button";
  if (act) node.addEventListener("click", act);
  return node;
}

/** A button with a sign on it, and a name for those who do not see the sign. */
export function signButton(sign, label, className, act) {
  const node = button("", className, act);
  const face = element("span", "", sign);
  face.ariaHidden = "true";
  node.append(face);
  node.ariaLabel = label;
  node.title = label;
  return node;
}

let names = 0;

/** An id that no other node of the page has. */
export function uniqueId(prefix) {
  return `${prefix}-${++names}`;
}

/** A number of degrees that stays with the text. */
export function hue(text) {
  let sum = 0;
  for (const letter of text) sum = (sum * 31 + letter.codePointAt(0)) % 360;
  return sum;
}

/** Moves the focus along `items` by arrows, Home and End; true when the key was one of these. */
export function moveByKeys(event, items, { next = "ArrowDown", previous = "ArrowUp", step = 1 } = {}) {
  const now = items.indexOf(document.activeElement);
  const moves = {
    [next]: now + step,
    [previous]: now - step,
    Home: 0,
    End: items.length - 1,
  };
  const to = moves[event.key];
  if (to === undefined || items.length === 0) return false;
  event.preventDefault();
  items[(to + items.length) % items.length].focus();
  return true;
}
