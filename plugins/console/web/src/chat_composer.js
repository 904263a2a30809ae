// SPDX-License-Identifier: MIT
// Where one writes: the text, what it answers to or changes, how long it may be, and when the next
// one may be sent.
import { at, button, element } from "./dom.js";
import { openEmoji } from "./chat_menu.js";
import { Mentions } from "./chat_mentions.js";
import { barEnd, writing } from "./chat_rules.js";
import { lengthOf, snippet } from "./chat_text.js";

const MESSAGE_MAX = 500; // until the settings are known
const COUNTED_FROM = 0.8; // of the greatest length
const TYPING_MS = 3000;
const NOTICE_MS = 8000;
const TIMER_MS_MAX = 2 ** 31 - 1;

export class Composer {
  constructor(chat) {
    this.chat = chat;
    this.input = at("chat-input");
    this.about = null; // {reply: message} or {edit: message}
    this.waitUntil = 0;
    this.said = ""; // a refusal, for a while
    this.mentions = new Mentions(this.input, () => this.others());
    at("chat-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => this.key(event));
    const face = at("chat-emoji");
    face.addEventListener("click", () => openEmoji(face, (emoji) => this.insert(emoji)));
  }

  others() {
    return [...this.chat.model.people].filter(([id]) => id !== this.chat.user?.id);
  }

  // -- writing ----------------------------------------------------------------------------------

  key(event) {
    if (event.isComposing || this.mentions.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape" && this.about) this.drop();
    else if (event.key === "ArrowUp" && !this.input.value) this.editLast(event);
  }

  editLast(event) {
    const last = this.chat.model.messages.findLast((one) => one.userId === this.chat.user?.id);
    if (!last) return;
    event.preventDefault();
    this.edit(last);
  }

  insert(text) {
    this.input.setRangeText(text, this.input.selectionStart, this.input.selectionEnd, "end");
    this.input.focus();
    this.typed();
  }

  typed() {
    this.size();
    this.update();
    const now = Date.now();
    const isWriting = this.input.value.trim() !== "" && !this.about?.edit;
    if (isWriting ? now - (this.told ?? 0) < TYPING_MS : !this.told) return;
    this.told = isWriting ? now : 0;
    this.chat.typing(isWriting);
  }

  size() {
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight + 2}px`; // with its border
  }

  set(text) {
    this.input.value = text;
    this.told = 0;
    this.size();
    this.update();
  }

  // -- what it is about -------------------------------------------------------------------------

  show(words, text) {
    const cancel = button("Cancel", "text", () => this.drop());
    at("chat-about").replaceChildren(element("span", "", element("b", "", words), " ", snippet(text)), cancel);
    at("chat-about").hidden = false;
    this.input.focus();
  }

  reply(message) {
    if (this.about?.edit) this.set("");
    this.about = { reply: message };
    this.show(`Reply to ${message.userName}`, message.message);
    this.update();
  }

  edit(message) {
    this.about = { edit: message };
    this.set(message.message);
    this.show("Edit", message.message);
    this.update();
  }

  drop() {
    if (this.about?.edit) this.set("");
    this.about = null;
    at("chat-about").hidden = true;
    this.update();
    this.input.focus();
  }

  // -- sending ----------------------------------------------------------------------------------

  get max() {
    return this.chat.settings?.messageMax ?? MESSAGE_MAX;
  }

  isReady() {
    const text = this.input.value.trim();
    const wait = !this.about?.edit && this.waitUntil > Date.now();
    return text !== "" && lengthOf(text) <= this.max && !wait && this.state.may;
  }

  submit() {
    if (!this.isReady()) return;
    const text = this.input.value.trim();
    if (this.about?.edit) return this.change(this.about.edit, text);
    if (this.chat.outbox.isFull) return this.say("Too many messages wait for the network.");
    const draft = { message: text, replyTo: this.about?.reply, mentions: this.mentions.of(text) };
    this.about = null;
    at("chat-about").hidden = true;
    this.said = "";
    this.set("");
    this.chat.send(draft);
    this.slow();
  }

  async change(message, text) {
    try {
      if (text !== message.message) await this.chat.change(message, text);
      this.drop();
    } catch (problem) {
      this.say(problem.text);
    }
  }

  /** One's own message was sent: in slow mode the next one has to wait. */
  slow() {
    const { settings, you } = this.chat;
    if (settings.slowModeSeconds && !you.isModerator) this.wait(settings.slowModeSeconds);
  }

  /** Says why it was not taken; true: the text is here again. */
  refused(draft, problem) {
    if (problem.retryAfter) this.wait(problem.retryAfter);
    else this.waitUntil = 0;
    this.say(problem.text);
    if (this.input.value || this.about) return false;
    if (draft.replyTo) this.reply(draft.replyTo);
    this.set(draft.message);
    return true;
  }

  // -- what it says -----------------------------------------------------------------------------

  say(text) {
    this.said = text;
    clearTimeout(this.saying);
    this.saying = setTimeout(() => {
      this.said = "";
      this.update();
    }, NOTICE_MS);
    this.update();
  }

  wait(seconds) {
    this.waitUntil = Date.now() + seconds * 1000;
    this.update();
  }

  /** Counts down to the moment when one may write again. */
  countDown() {
    clearTimeout(this.ticking);
    const left = Math.ceil((this.waitUntil - Date.now()) / 1000);
    const shown = left > 0 && !this.about?.edit;
    at("chat-wait").textContent = shown ? `You can send again in ${left} s` : "";
    at("chat-send").classList.toggle("waits", shown);
    at("chat-send").firstElementChild.textContent = shown ? left : "➤";
    if (left > 0) this.ticking = setTimeout(() => this.update(), 250);
  }

  count() {
    const length = lengthOf(this.input.value.trim());
    const node = at("chat-left");
    node.textContent = length >= this.max * COUNTED_FROM ? `${length} / ${this.max}` : "";
    node.classList.toggle("wrong", length > this.max);
    this.input.ariaInvalid = length > this.max ? "true" : null;
  }

  notice() {
    const node = at("chat-notice");
    const text = this.said || this.state.text;
    if (node.dataset.text === text) return;
    node.dataset.text = text;
    node.replaceChildren(text);
    node.classList.toggle("wrong", Boolean(this.said || (this.chat.you && !this.state.may)));
    if (this.state.follow && !this.said)
      node.append(" ", button("Follow", "text", () => this.chat.follow()));
  }

  /** Everything as it is now. */
  update() {
    const { user, you } = this.chat;
    at("chat-form").hidden = !user;
    at("chat-notice").hidden = !user;
    if (!user) return;
    this.state = writing(this.chat, user);
    this.input.readOnly = !this.state.may && Boolean(you); // keeps the focus, and text
    at("chat-emoji").disabled = !this.state.may;
    this.countDown();
    this.count();
    this.notice();
    at("chat-send").ariaDisabled = String(!this.isReady());
    clearTimeout(this.bar);
    const end = barEnd(you?.barred);
    if (end && end < Infinity)
      this.bar = setTimeout(() => this.update(), Math.min(end - Date.now() + 50, TIMER_MS_MAX));
  }
}
