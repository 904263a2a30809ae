// SPDX-License-Identifier: MIT
// One message in the list.
import { button, element, hue, uniqueId } from "./dom.js";
import { clock } from "./chat_rules.js";
import { snippet, textNodes } from "./chat_text.js";

const QUIET = new Set(["system", "join", "leave"]);
const seconds = (ms) => Math.max(1, Math.ceil(ms / 1000));

function author(name, id) {
  const node = element("span", "chat-who", name);
  node.style.setProperty("--hue", hue(id));
  return node;
}

function moment(createdAt) {
  const node = element("time", "chat-time", clock(createdAt));
  node.dateTime = createdAt;
  return node;
}

/** What a message answers to; pressed, it shows that message. */
function quote({ id, userName, message }, show) {
  const node = button("", "chat-quote", () => show(id));
  const words = element("span", "", snippet(message));
  node.append(element("span", "chat-quote-sign", "↩ "), element("b", "", userName), " ", words);
  node.firstChild.ariaHidden = "true";
  node.ariaLabel = `In reply to ${userName}: ${snippet(message)}`;
  return node;
}

function reactions(message, mine, react) {
  const list = element("div", "chat-reactions");
  for (const { emoji, count } of message.reactions ?? []) {
    const own = mine(message.id, emoji);
    const node = button("", "chat-reaction", () => react(message, emoji, !own));
    node.append(emoji, " ", element("span", "", String(count)));
    node.ariaLabel = `${emoji} ${count}`;
    node.ariaPressed = String(own);
    list.append(node);
  }
  return list.childElementCount ? list : null;
}

/** What happens to a message of one's own that the server has not taken. */
function sending(draft, chat) {
  if (!draft.problem) return element("p", "chat-note", chat.linked ? "Sending …" : "Waiting for the network …");
  const { clientMessageId } = draft;
  return element(
    "p",
    "chat-note wrong",
    `Not sent: ${draft.problem.text} `,
    button("Try again", "text", () => chat.outbox.retry(clientMessageId)),
    " ",
    button("Discard", "text", () => chat.outbox.drop(clientMessageId)),
  );
}

/** "visible to others in 3 s", counting down as long as it stands there. */
function held(until) {
  const node = element("p", "chat-note");
  const tell = () => {
    const left = until - Date.now();
    node.textContent = left > 0 ? `Visible to others in ${seconds(left)} s` : "Visible in a moment";
    if (left > 0 && (node.isConnected || !node.dataset.told)) setTimeout(tell, 250);
    node.dataset.told = "1";
  };
  tell();
  return node;
}

function namesOf(message, people) {
  return (message.mentions ?? []).map((id) => people.get(id)).filter(Boolean);
}

function badge(text) {
  return element("span", "chat-badge", text);
}

function fillQuiet(node, message) {
  node.className = `chat-row quiet ${message.type}`;
  const words = { join: "joined", leave: "left" }[message.type];
  const text = message.message || `${message.userName} ${words ?? ""}`;
  node.replaceChildren(element("p", "chat-line", text));
}

/** Fills a row with a message as it is now; `chat` is what the list belongs to. */
export function fillRow(node, message, chat) {
  node.dataset.id = message.id;
  if (QUIET.has(message.type)) return fillQuiet(node, message);
  const { model, user, ownerId } = chat;
  const mine = message.userId === user?.id;
  const toMe = user && (message.mentions ?? []).includes(user.id);
  const answersMe = user && message.replyTo?.userId === user.id && !mine;
  node.className = "chat-row";
  node.classList.toggle("mine", mine);
  node.classList.toggle("to-me", Boolean(toMe || answersMe));
  node.classList.toggle("gift", message.type === "gift");
  node.classList.toggle("pending", Boolean(message.draft) || Boolean(message.isDelayed));
  const text = element("span", "chat-text", ...textNodes(message.message, namesOf(message, model.people)));
  text.dir = "auto";
  const line = element(
    "p",
    "chat-line",
    moment(message.createdAt),
    " ",
    author(message.userName, message.userId),
    message.userId === ownerId ? badge("Host") : null,
    element("span", "chat-colon", ": "),
    text,
    message.isEdited ? element("span", "chat-edited", " (edited)") : null,
  );
  line.id ||= uniqueId("line");
  const parts = [
    message.replyTo ? quote(message.replyTo, chat.show) : null,
    line,
    reactions(message, chat.isMine, chat.react),
    message.draft ? sending(message.draft, chat) : null,
    message.isDelayed ? held(chat.visibleAt(message)) : null,
  ];
  node.replaceChildren(...parts.filter(Boolean));
}
