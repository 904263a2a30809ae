// SPDX-License-Identifier: MIT
// Messages on their way: sent one after the other, in their order, and again after every loss, under
// the name that each has from its beginning; so the server takes each once.

const WAITING_MAX = 20;
const TRIES_MAX = 6;
const TRY_MS = 1000;

export class Outbox {
  /**
   * `send(draft)` is a promise of the stored message; `done` gets it. `refused(draft, problem)`
   * returns true when it took the text back. `changed` is called whenever items are others.
   */
  constructor({ send, done, refused, changed }) {
    Object.assign(this, { send, done, refused, changed });
    this.items = [];
    this.busy = false;
  }

  get isFull() {
    return this.items.length >= WAITING_MAX;
  }

  add({ message, replyTo, mentions }) {
    const clientMessageId = crypto.randomUUID();
    this.items.push({ clientMessageId, message, replyTo, mentions, tries: 0, problem: null });
    this.changed();
    this.pump();
  }

  drop(clientMessageId) {
    const rest = this.items.filter((one) => one.clientMessageId !== clientMessageId);
    if (rest.length === this.items.length) return;
    this.items = rest;
    this.changed();
  }

  /** Once more, because somebody wants it so. */
  retry(clientMessageId) {
    this.items = this.items.map((one) =>
      one.clientMessageId === clientMessageId ? { ...one, tries: 0, problem: null } : one,
    );
    this.changed();
    this.pump();
  }

  clear() {
    this.items = [];
    this.changed();
  }

  async pump() {
    if (this.busy) return;
    this.busy = true;
    while (await this.next());
    this.busy = false;
  }

  /** Sends the first that waits; false when there is none, or sending makes no sense now. */
  async next() {
    const draft = this.items.find((one) => !one.problem);
    if (!draft) return false;
    try {
      this.done(await this.send(draft));
      this.drop(draft.clientMessageId);
      return true;
    } catch (problem) {
      if (problem.isLost) return false; // the next connection goes on
      if (problem.isPassing && ++draft.tries < TRIES_MAX) {
        setTimeout(() => this.pump(), TRY_MS);
        return false;
      }
      this.settle(draft, problem);
      return true;
    }
  }

  settle(draft, problem) {
    if (!this.items.some((one) => one.clientMessageId === draft.clientMessageId)) return;
    if (this.refused(draft, problem)) return this.drop(draft.clientMessageId);
    this.items = this.items.map((one) =>
      one.clientMessageId === draft.clientMessageId ? { ...one, problem } : one,
    );
    this.changed();
  }
}
