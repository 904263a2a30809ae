// SPDX-License-Identifier: MIT
// The list of messages: rows follow the model, at most once a frame. The end stays in view for those
// who are there; for those who read further up nothing moves, and a button counts what is new.
import { at, element, moveByKeys } from "./dom.js";
import { closeMenu } from "./chat_menu.js";
import { fillRow } from "./chat_row.js";
import { hasTools, rowTools } from "./chat_tools.js";

const NEAR_PX = 48;
const HIDDEN_MS = 100; // a window that is not seen has no frames
const CALM_MS = 5000;
const SPOKEN_MAX = 5; // more rows in that time are counted for screen readers, not read

export class ChatView {
  constructor(chat) {
    this.chat = chat;
    this.log = at("chat-log");
    this.list = at("chat-list");
    this.rows = new Map(); // key → {node, message}
    this.drawn = true;
    this.atEnd = true;
    this.unread = 0;
    this.recent = [];
    this.log.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("focusin", ({ target }) => this.enter(target));
    this.list.addEventListener("pointerover", ({ target }) => this.equip(target.closest("li")));
    at("chat-new").addEventListener("click", () => this.toEnd());
    at("chat-older").addEventListener("click", () => chat.loadOlder());
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.log);
  }

  /** Something changed. */
  draw() {
    if (!this.drawn) return;
    this.drawn = false;
    const now = () => {
      if (this.drawn) return;
      this.drawn = true;
      this.render();
    };
    requestAnimationFrame(now);
    setTimeout(now, HIDDEN_MS);
  }

  /** Every row anew: who is signed in, or what he may do, is another matter now. */
  redraw() {
    for (const row of this.rows.values()) row.message = null;
    this.draw();
  }

  /** A message under the name that it has from its sending on. */
  keyOf({ id, userId, clientMessageId }) {
    return clientMessageId && userId === this.chat.user?.id ? clientMessageId : id;
  }

  render() {
    const first = this.atEnd ? null : this.firstSeen();
    const before = first?.getBoundingClientRect().top;
    const focused = this.focusedIndex();
    const messages = [...this.chat.model.messages, ...this.chat.drafts()];
    this.speak(messages.length - this.rows.size);
    this.place(messages);
    this.refocus(focused);
    this.tab();
    this.chat.drawn();
    at("chat-older").hidden = !this.chat.model.hasOlder;
    at("chat-empty").hidden = this.list.childElementCount > 0 || !this.chat.you;
    if (this.atEnd) this.toEnd();
    else if (first?.isConnected) this.log.scrollTop += first.getBoundingClientRect().top - before;
    if (this.atEnd && !this.chat.loading) this.chat.model.trim();
  }

  /** Puts the rows in their order. */
  place(messages) {
    const stays = new Set();
    let next = this.list.firstChild;
    for (const message of messages) {
      const key = this.keyOf(message);
      let row = this.rows.get(key);
      if (!row) {
        row = { node: element("li"), message: null };
        row.node.dataset.key = key;
        this.rows.set(key, row);
      }
      this.fill(row, message);
      stays.add(key);
      if (row.node === next) next = next.nextSibling;
      else this.list.insertBefore(row.node, next);
    }
    for (const [key, { node }] of this.rows) if (!stays.has(key)) this.drop(key, node);
  }

  drop(key, node) {
    node.remove();
    this.rows.delete(key);
  }

  fill(row, message) {
    if (row.message === message) return;
    const had = row.node.querySelector(".chat-tools");
    const inside = had ? [...had.children].indexOf(document.activeElement) : -1;
    row.message = message;
    fillRow(row.node, message, this.chat);
    this.reach(row.node);
    if (!had) return;
    this.equip(row.node);
    if (inside >= 0) row.node.querySelectorAll(".chat-tools button")[inside]?.focus();
  }

  messageOf(node) {
    return this.rows.get(node?.dataset.key)?.message;
  }

  /** The buttons come when a row is looked at: most rows never are. */
  equip(node) {
    const message = this.messageOf(node);
    if (!message || node.querySelector(".chat-tools") || !hasTools(message, this.chat)) return;
    node.append(rowTools(message, this.chat));
    this.reach(node);
  }

  // -- the keyboard: one row is reached by Tab, the others from there by arrows ------------------

  focusedIndex() {
    return [...this.list.children].indexOf(document.activeElement?.closest?.("#chat-list > li"));
  }

  /** The row that had the focus is gone: its neighbour has it. */
  refocus(index) {
    if (index < 0 || this.list.contains(document.activeElement)) return;
    const rows = this.list.children;
    (rows[Math.min(index, rows.length - 1)] ?? at("chat-input")).focus({ preventScroll: true });
  }

  /** One row can be reached by Tab: the one that had the focus last, or the newest. */
  tab() {
    const next = this.current?.isConnected ? this.current : this.list.lastChild;
    if (next === this.stop) return;
    const before = this.stop;
    this.stop = next;
    for (const row of [before, next]) if (row) this.reach(row);
  }

  reach(row) {
    const index = row === this.stop ? 0 : -1;
    for (const node of [row, ...row.querySelectorAll("button, a")]) node.tabIndex = index;
  }

  enter(target) {
    const row = target.closest("li");
    this.current = row;
    this.equip(row);
    this.tab();
  }

  key(event) {
    const row = event.target.closest("li");
    const isRow = row === event.target;
    if (event.key === "Escape") return isRow ? at("chat-input").focus() : row.focus();
    if (!isRow) return;
    if (event.key === "ArrowUp" && !row.previousSibling) this.chat.loadOlder();
    else if (event.key === "ArrowDown" && !row.nextSibling) at("chat-input").focus();
    else moveByKeys(event, [...this.list.children]);
  }

  // -- scrolling --------------------------------------------------------------------------------

  firstSeen() {
    const top = this.log.getBoundingClientRect().top;
    return [...this.list.children].find((row) => row.getBoundingClientRect().bottom > top);
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
    this.atEnd = true;
    this.count(0);
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    closeMenu();
    this.atEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    if (this.atEnd) this.count(0);
    if (scrollTop < clientHeight / 2 && this.chat.model.hasOlder) this.chat.loadOlder();
  }

  /** Shows a message that others speak of; false when it is not there. */
  show(id) {
    const row = [...this.list.children].find((node) => node.dataset.id === id);
    if (!row) return false;
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
    row.classList.add("shown");
    setTimeout(() => row.classList.remove("shown"), 1500);
    return true;
  }

  /** A message came that was not there before. */
  arrived() {
    if (!this.atEnd) this.count(this.unread + 1);
  }

  count(unread) {
    this.unread = unread;
    at("chat-new").hidden = unread === 0;
    at("chat-new").textContent = unread === 1 ? "1 new message" : `${unread} new messages`;
  }

  /** Screen readers read rows as they come, unless these are too many. */
  speak(added) {
    const now = Date.now();
    this.recent = this.recent.filter((time) => now - time < CALM_MS);
    for (let i = 0; i < Math.min(added, SPOKEN_MAX + 1); i++) this.recent.push(now);
    const flood = this.recent.length > SPOKEN_MAX;
    if (flood === (this.log.ariaLive === "off")) return;
    this.log.ariaLive = flood ? "off" : "polite";
    if (flood) setTimeout(() => this.speak(0), CALM_MS);
  }
}
