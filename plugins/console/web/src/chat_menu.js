// SPDX-License-Identifier: MIT
// What opens at a button and goes away again: menus and the choice of emoji. One at a time. The
// focus goes in, stays in, and returns to where it was.
import { button, element, moveByKeys, signButton } from "./dom.js";

const GAP = 6;
const COLUMNS = 8;

export const EMOJI = [
  ["👍", "thumbs up"], ["❤️", "heart"], ["😂", "tears of joy"], ["😮", "astonished"],
  ["😢", "crying"], ["🙏", "thank you"], ["👏", "applause"], ["🔥", "fire"],
  ["🎉", "party"], ["💯", "hundred points"], ["😍", "heart eyes"], ["🤔", "thinking"],
  ["👀", "eyes"], ["🚀", "rocket"], ["✅", "check mark"], ["👋", "waving hand"],
  ["😅", "nervous laugh"], ["😎", "cool"], ["🥳", "celebrating"], ["🤯", "mind blown"],
  ["😡", "angry"], ["💪", "strong"], ["🙌", "raised hands"], ["💜", "purple heart"],
];

let close = () => {};

/** Shows it where there is room, above the anchor or below it, inside of the window. */
function put(node, anchor) {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = node;
  const above = at.top - height - GAP;
  const top = at.bottom + GAP + height > innerHeight && above > 0 ? above : at.bottom + GAP;
  node.style.top = `${Math.max(GAP, Math.min(top, innerHeight - height - GAP))}px`;
  node.style.left = `${Math.max(GAP, Math.min(at.right - width, innerWidth - width - GAP))}px`;
}

function open(node, anchor, onKey) {
  close();
  const outside = ({ target }) => node.contains(target) || anchor.contains(target) || close();
  close = () => {
    close = () => {};
    document.removeEventListener("pointerdown", outside, true);
    removeEventListener("resize", close);
    const had = node.contains(document.activeElement);
    node.remove();
    anchor.ariaExpanded = "false";
    if (had && anchor.isConnected) anchor.focus();
  };
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" && event.key !== "Tab") return onKey(event);
    event.preventDefault();
    event.stopPropagation();
    close();
  });
  document.addEventListener("pointerdown", outside, true);
  addEventListener("resize", close);
  anchor.ariaExpanded = "true";
  document.body.append(node);
  put(node, anchor);
  node.querySelector("button").focus();
}

/** Whether something is open. */
export const closeMenu = () => close();

/** A menu of [{label, act, danger}] at a button. */
export function openMenu(anchor, label, items) {
  const node = element("div", "menu");
  node.role = "menu";
  node.ariaLabel = label;
  const buttons = items.map(({ label: text, act, danger }) => {
    const item = button(text, danger ? "danger" : "", () => {
      close();
      act();
    });
    item.role = "menuitem";
    item.tabIndex = -1;
    return item;
  });
  node.append(...buttons);
  open(node, anchor, (event) => moveByKeys(event, buttons));
}

/** The emoji to choose from, at a button; `choose` gets the one. */
export function openEmoji(anchor, choose) {
  const node = element("div", "menu emoji");
  node.role = "group";
  node.ariaLabel = "Emoji";
  const buttons = EMOJI.map(([sign, name]) => {
    const item = signButton(sign, name, "", () => {
      close();
      choose(sign);
    });
    item.tabIndex = -1;
    return item;
  });
  node.append(...buttons);
  open(
    node,
    anchor,
    (event) =>
      moveByKeys(event, buttons, { next: "ArrowRight", previous: "ArrowLeft" }) ||
      moveByKeys(event, buttons, { step: COLUMNS }),
  );
}
