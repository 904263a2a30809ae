// SPDX-License-Identifier: MIT
// What can be done with a message: the buttons at its row, and the menu behind the last of them.
import { element, signButton } from "./dom.js";
import { openEmoji, openMenu } from "./chat_menu.js";
import { barEnd } from "./chat_rules.js";

const TIME_OUTS = [[60, "1 minute"], [600, "10 minutes"], [3600, "1 hour"]];

function isEditable(message, chat) {
  const window = chat.settings.editWindowSeconds ?? 0;
  const age = (Date.now() - Date.parse(message.createdAt)) / 1000;
  return message.userId === chat.user.id && message.type === "comment" && age < window;
}

function barItems({ userId, userName }, chat) {
  if (userId === chat.user.id || userId === chat.ownerId) return [];
  const items = TIME_OUTS.map(([seconds, words]) => ({
    label: `Time out for ${words}`,
    act: () => chat.bar(userId, userName, seconds),
  }));
  items.push({ label: `Ban ${userName}`, danger: true, act: () => chat.bar(userId, userName) });
  items.push({ label: "Lift ban or time-out", act: () => chat.unbar(userId, userName) });
  if (chat.mayAppoint)
    items.push({ label: "Make a moderator", act: () => chat.appoint(userId, userName) });
  return items;
}

function itemsOf(message, chat) {
  const { user, you, model } = chat;
  const mine = message.userId === user.id;
  const items = [];
  if (isEditable(message, chat)) items.push({ label: "Edit", act: () => chat.edit(message) });
  if (you.isModerator && model.pins.has(message.id))
    items.push({ label: "Unpin", act: () => chat.pin(message, false) });
  else if (you.isModerator) items.push({ label: "Pin", act: () => chat.pin(message, true) });
  if (mine || you.isModerator)
    items.push({ label: "Delete", danger: true, act: () => chat.remove(message) });
  if (!mine) items.push({ label: "Report", act: () => chat.report(message) });
  return you.isModerator ? [...items, ...barItems(message, chat)] : items;
}

/** The buttons of a message's row. */
export function rowTools(message, chat) {
  const node = element("div", "chat-tools");
  const about = `message of ${message.userName}`;
  const more = signButton("⋯", `More for the ${about}`, "", () =>
    openMenu(more, `For the ${about}`, itemsOf(chat.model.byId.get(message.id) ?? message, chat)),
  );
  more.ariaHasPopup = "menu";
  const face = signButton("☺", `React to the ${about}`, "", () =>
    openEmoji(face, (emoji) => chat.react(message, emoji, true)),
  );
  face.ariaHasPopup = "true";
  node.append(face, signButton("↩", `Reply to the ${about}`, "", () => chat.reply(message)), more);
  return node;
}

/** Whether there is anything to do with a message. */
export function hasTools(message, { user, you }) {
  const isAbout = message.type === "comment" || message.type === "gift";
  return Boolean(user && you && isAbout && !message.draft && !barEnd(you.barred));
}
