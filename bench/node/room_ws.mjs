// SPDX-License-Identifier: MIT
// One room of npm ws, as its own broadcast example has it, with the envelope of Dais's /ws.
// node room_ws.mjs PORT
import { WebSocketServer } from "ws";

const server = new WebSocketServer({
  port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096, perMessageDeflate: false,
});
const room = new Set();

server.on("connection", (socket) => {
  socket.on("message", (bytes) => {
    const { event, id, data } = JSON.parse(bytes);
    if (event === "bench:send") {
      const text = Buffer.from(JSON.stringify({ event: "bench:message", data }));
      for (const member of room) member.send(text, { binary: false });
    } else if (event === "bench:join") {
      room.add(socket);
      socket.send(JSON.stringify({ event: "ack", id, ok: true, data: { members: room.size } }));
    }
  });
  socket.on("error", () => {});
  socket.on("close", () => room.delete(socket));
});
