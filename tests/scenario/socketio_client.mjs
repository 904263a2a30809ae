// SPDX-License-Identifier: MIT
// node socketio_client.mjs URL NAME: what socket.io-client does with a server of protocol_echo.
// Prints what came of it as JSON; the exit code is not 0 when it waits in vain.
import { io } from 'socket.io-client';

const [url, name] = process.argv.slice(2);
const PATIENCE_MS = Number(process.env.PATIENCE_MS || 8000);

const next = (emitter, event) => new Promise((resolve) => {
  emitter.once(event, (...args) => resolve(args));
});

const open = (space, options) => {
  const socket = io(url + space, { forceNew: true, ...options });
  socket.greeted = next(socket, 'auth');
  return socket;
};

// Greeting, echo, acks and bytes of one client.
const talk = async (socket) => {
  await next(socket, 'connect');
  const greeted = await socket.greeted;
  const back = next(socket, 'message-back');
  socket.emit('message', 1, '2', { 3: [true] });
  const echoed = await back;
  const acked = await new Promise((resolve) => {
    socket.emit('message-with-ack', 'a', { b: null }, (...args) => resolve(args));
  });
  const bytesBack = next(socket, 'message-back');
  socket.emit('message', Buffer.from([1, 2, 3]), { in: new Uint8Array([4, 5]) });
  const [first, second] = await bytesBack;
  const ackedBytes = await socket.emitWithAck('message-with-ack', Buffer.from([6]));
  return { transport: socket.io.engine.transport.name, greeted, echoed, acked,
           bytes: [[...first], [...second.in], [...ackedBytes]] };
};

const burst = async (socket, count) => {
  const got = [];
  await next(socket, 'connect');
  const all = new Promise((resolve) => {
    socket.on('message-back', (i) => got.push(i) === count && resolve());
  });
  for (let i = 0; i < count; i++) socket.emit('message', i);
  await all;
  return got;
};

const scenarios = {
  polling: () => talk(open('/', { transports: ['polling'], auth: { a: 1 } })),

  websocket: () => talk(open('/', { transports: ['websocket'] })),

  async upgrade() {
    const socket = open('/', {});
    const began = [];
    socket.io.on('open', () => began.push(socket.io.engine.transport.name));
    const got = [];
    socket.on('message-back', (i) => got.push(i));
    await next(socket, 'connect');
    let i = 0;
    while (socket.io.engine.transport.name !== 'websocket' || i < 100) { // while it changes over
      socket.emit('message', i++);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    while (got.length < i) await next(socket, 'message-back');
    return { began, now: socket.io.engine.transport.name, ordered: got.every((n, at) => n === at) };
  },

  burst: () => burst(open('/', { transports: ['polling'] }), 100),

  async auth_function() {
    let asked = 0;
    const socket = open('/', { auth: (answer) => answer({ attempt: ++asked }), reconnectionDelay: 20 });
    const first = await socket.greeted;
    const again = next(socket, 'auth');
    socket.io.engine.close(); // the transport, as a network does
    return { first, second: await again };
  },

  async namespaces() {
    const main = open('/', {});
    const custom = main.io.socket('/custom', { auth: { here: 1 } });
    custom.greeted = next(custom, 'auth');
    const random = main.io.socket('/random');
    const refused = next(random, 'connect_error');
    custom.connect();
    random.connect();
    const [error] = await refused;
    const greeted = await custom.greeted;
    await main.greeted;
    const ids = [main.id, custom.id];
    custom.disconnect();
    return { refused: error.message, greeted, different: ids[0] !== ids[1],
             echoed: await main.emitWithAck('message-with-ack', 'still') };
  },

  async retries() {
    const socket = open('/', { retries: 3, ackTimeout: 500 });
    const kept = [];
    socket.emit('unheard-of', 1); // an answer that says no is an answer
    socket.emit('message-with-ack', 2, (error, value) => kept.push(error ?? value));
    while (kept.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    return kept;
  },

  // Says when it is there; the server goes and comes back; what was said meanwhile arrives.
  async restart() {
    const socket = open('/', { reconnectionDelay: 50, reconnectionDelayMax: 200 });
    await next(socket, 'connect');
    console.log('"ready"');
    const [reason] = await next(socket, 'disconnect');
    const back = next(socket, 'message-back');
    socket.emit('message', 'meanwhile');
    await next(socket, 'connect');
    return { reason, back: await back };
  },
};

const late = setTimeout(() => {
  console.error(`${name}: not within ${PATIENCE_MS} ms`);
  process.exit(1);
}, PATIENCE_MS);
console.log(JSON.stringify(await scenarios[name]()));
clearTimeout(late);
process.exit(0);
