// SPDX-License-Identifier: MIT
// What is pinned, above the list: the newest, and the others when they are asked for.
import { at, button, element, signButton } from "./dom.js";
import { textNodes } from "./chat_text.js";

let open = false;
let shown = []; // what is shown now

function pinned(message, chat) {
  const text = element("span", "", ...textNodes(message.message));
  text.dir = "auto";
  const node = element("li", "", element("span", "", element("b", "", message.userName), " ", text));
  if (!chat.you?.isModerator) return node;
  node.append(signButton("✕", `Unpin the message of ${message.userName}`, "icon", () => chat.pin(message, false)));
  return node;
}

/** Shows the pins of a chat as they are. */
export function showPins(chat) {
  const pins = [...chat.model.pins.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  const next = [...pins, open, Boolean(chat.you?.isModerator)];
  if (next.length === shown.length && next.every((one, index) => one === shown[index])) return;
  shown = next;
  const box = at("chat-pins");
  box.hidden = pins.length === 0;
  if (box.hidden) return box.replaceChildren();
  const had = box.contains(document.activeElement);
  const list = element("ul", "", ...(open ? pins : pins.slice(0, 1)).map((one) => pinned(one, chat)));
  const sign = element("span", "chat-pin-sign", "📌");
  sign.ariaHidden = "true";
  box.replaceChildren(sign, list);
  if (pins.length > 1) {
    const more = button(open ? "Less" : `${pins.length - 1} more`, "text", () => {
      open = !open;
      showPins(chat);
    });
    more.ariaExpanded = String(open);
    box.append(more);
  }
  if (had) (box.querySelector("button") ?? at("chat-input")).focus();
}
