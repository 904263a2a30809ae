// SPDX-License-Identifier: MIT
// What a chat's window knows: messages in the order of their ids, pins, and what is gone for good.
// Pages of history and events may come doubled, late, or in any mixture: the result is the same.

const ROWS_MAX = 3000; // for somebody who reads further up
const ROWS_KEPT = 300; // for somebody at the end
const GONE_MAX = 5000;
const PEOPLE_MAX = 1000;
const CLEARS_MAX = 20; // of one account
export const PAGE = 50;

export class ChatModel {
  constructor() {
    this.messages = []; // by id, which tells the time
    this.byId = new Map();
    this.pins = new Map();
    this.gone = new Set();
    this.clearedThrough = "";
    this.clearedOf = new Map(); // account → [{ from, through }]
    this.people = new Map(); // account → name, the latest at the end
    this.older = null; // the id before which the next older page begins
  }

  /** Whether a message must not be shown, whoever brings it. */
  isGone({ id, userId, isDeleted }) {
    if (isDeleted || this.gone.has(id) || id <= this.clearedThrough) return true;
    const clears = this.clearedOf.get(userId) ?? [];
    return clears.some(({ from, through }) => from <= id && id <= through);
  }

  /** Where a message stands, or would stand. */
  place(id) {
    let at = this.messages.length;
    while (at > 0 && this.messages[at - 1].id >= id) at--;
    return at;
  }

  meet({ userId, userName }) {
    if (!userId || !userName) return;
    this.people.delete(userId);
    this.people.set(userId, userName);
    if (this.people.size > PEOPLE_MAX) this.people.delete(this.people.keys().next().value);
  }

  /** A message as it is now; true when it was not there before. */
  take(message) {
    if (this.isGone(message)) return false;
    this.meet(message);
    if (this.pins.has(message.id)) this.pins.set(message.id, message);
    const known = this.byId.has(message.id);
    this.byId.set(message.id, message);
    this.messages.splice(this.place(message.id), known ? 1 : 0, message);
    if (this.messages.length > ROWS_MAX) this.cut(ROWS_MAX);
    return !known;
  }

  /** A change of a message that is shown; of others nothing is known. */
  change(message) {
    if (this.byId.has(message.id)) this.take(message);
    else if (this.pins.has(message.id) && !this.isGone(message)) this.pins.set(message.id, message);
  }

  react(id, reactions) {
    const message = this.byId.get(id);
    if (message) this.take({ ...message, reactions });
  }

  pin(message) {
    if (!this.isGone(message)) this.pins.set(message.id, message);
    this.change(message);
  }

  unpin(id) {
    this.pins.delete(id);
    const message = this.byId.get(id);
    if (message) this.take({ ...message, isPinned: false });
  }

  setPins(messages) {
    this.pins = new Map(messages.filter((one) => !this.isGone(one)).map((one) => [one.id, one]));
  }

  remove(id) {
    this.gone.add(id);
    if (this.gone.size > GONE_MAX) this.gone.delete(this.gone.values().next().value);
    this.sweep();
  }

  /** Everything up to this id is gone, of everybody or, maybe only from another id on, of one. */
  clear(through, userId, from = "") {
    if (userId) this.clearOf(userId, { from, through });
    else if (through > this.clearedThrough) this.clearedThrough = through;
    this.sweep();
  }

  clearOf(userId, clear) {
    const others = (this.clearedOf.get(userId) ?? []).filter(
      ({ from, through }) => from < clear.from || through > clear.through,
    );
    this.clearedOf.set(userId, [...others, clear].slice(-CLEARS_MAX));
  }

  sweep() {
    for (const [id, message] of this.pins) if (this.isGone(message)) this.pins.delete(id);
    const stays = this.messages.filter((message) => !this.isGone(message));
    if (stays.length !== this.messages.length) this.keep(stays);
  }

  keep(messages) {
    this.messages = messages;
    this.byId = new Map(messages.map((message) => [message.id, message]));
  }

  /** The newest page: it takes the place of everything before. */
  reset({ messages, next }) {
    this.keep([]);
    this.add({ messages, next });
  }

  /** A page of older messages. */
  add({ messages, next }) {
    this.older = next ?? null;
    for (const message of messages) this.take(message);
  }

  /** An older page can be asked for, and kept. */
  get hasOlder() {
    return this.older !== null && this.messages.length + PAGE <= ROWS_MAX;
  }

  /** Lets go of the oldest rows; they can be asked for again. */
  cut(count) {
    if (this.messages.length <= count) return;
    this.keep(this.messages.slice(-count));
    this.older = this.messages[0].id;
  }

  trim() {
    this.cut(ROWS_KEPT);
  }
}
