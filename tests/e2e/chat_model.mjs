// SPDX-License-Identifier: MIT
// Chats that were made up: what happens in a room comes to a window as events and as pages of history,
// in any mixture that a network can make of it. The window has to know what the room knows.
//   node chat_model.mjs ROUNDS SEED
import assert from "node:assert/strict";
import { ChatModel } from "../../plugins/console/web/src/chat_model.js";

const [rounds, seed] = process.argv.slice(2).map(Number);
let state = seed;

/** A number below `max` (a linear congruential generator: the same for the same seed). */
function random(max) {
  state = (state * 1103515245 + 12345) % 2147483648;
  return Math.floor((state / 2147483648) * max);
}

/** A room: what is true, and the events that told it. */
class Room {
  constructor() {
    this.messages = [];
    this.events = [];
    this.count = 0;
  }

  tell(event) {
    this.events.push(structuredClone(event));
  }

  happen() {
    const one = this.messages[random(this.messages.length)];
    const acts = [() => this.send(), () => this.send(), () => this.send()];
    if (one) acts.push(() => this.edit(one), () => this.remove(one), () => this.pin(one));
    if (one && random(10) === 0) acts.push(() => this.clear(one));
    acts[random(acts.length)]();
  }

  send() {
    const id = String(++this.count).padStart(6, "0");
    const message = { id, userId: `u${random(3)}`, userName: "x", message: id, isPinned: false };
    this.messages.push(message);
    this.tell({ take: message });
  }

  edit(one) {
    one.message += "!";
    this.tell({ change: one });
  }

  pin(one) {
    one.isPinned = !one.isPinned;
    this.tell(one.isPinned ? { pin: one } : { unpin: one.id });
  }

  remove(one) {
    this.messages = this.messages.filter((other) => other !== one);
    this.tell({ remove: one.id });
  }

  clear({ id, userId }) {
    const of = random(2) ? userId : undefined;
    const from = of && random(2) ? String(random(this.count)).padStart(6, "0") : "";
    const stays = (one) => one.id > id || one.id < from || (of && one.userId !== of);
    this.messages = this.messages.filter(stays);
    this.tell({ clear: [id, of, ...(from ? [from] : [])] });
  }

  page(before = "~", limit = 7) {
    const older = this.messages.filter((one) => one.id < before);
    const messages = structuredClone(older.slice(-limit));
    return { messages, next: older.length > limit ? messages[0].id : undefined };
  }
}

function hear(model, [[act, data]]) {
  if (act === "clear") model.clear(...data);
  else model[act](structuredClone(data));
}

/** Reads a page while events come: what came meanwhile counts once more. */
function read(room, model, heard, ask, use) {
  const from = heard.at;
  const page = ask();
  const wait = random(4);
  for (let i = 0; i < wait; i++) room.happen();
  listen(room, model, heard, random(4));
  use(page);
  for (const event of room.events.slice(from, heard.at)) hear(model, Object.entries(event));
}

function listen(room, model, heard, count) {
  while (count-- > 0 && heard.at < room.events.length)
    hear(model, Object.entries(room.events[heard.at++]));
}

function play() {
  const room = new Room();
  const model = new ChatModel();
  const heard = { at: 0 };
  for (let i = 0; i < random(30); i++) room.happen();
  heard.at = room.events.length; // the window joins here
  model.setPins(structuredClone(room.messages.filter((one) => one.isPinned)));
  read(room, model, heard, () => room.page(), (page) => model.reset(page));
  for (let i = 0; i < 60; i++) {
    room.happen();
    listen(room, model, heard, random(3));
    if (random(8) === 0 && model.hasOlder)
      read(room, model, heard, () => room.page(model.older), (page) => model.add(page));
  }
  listen(room, model, heard, Infinity);
  while (model.hasOlder) model.add(room.page(model.older));
  assert.deepEqual(model.messages, room.messages);
  const pinned = room.messages.filter((one) => one.isPinned);
  assert.deepEqual([...model.pins.values()].sort((a, b) => (a.id < b.id ? -1 : 1)), pinned);
}

for (let round = 0; round < rounds; round++) {
  const began = state;
  try {
    play();
  } catch (error) {
    console.error(`with the seed ${began}`);
    throw error;
  }
}
