// SPDX-License-Identifier: MIT
// One room of npm socket.io, on WebSocket alone.  node room_socketio.mjs PORT
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const server = new Server(http, { transports: ["websocket"], perMessageDeflate: false });

server.on("connection", (socket) => {
  socket.on("bench:join", (data, done) => {
    socket.join("bench");
    done({ ok: true, data: {} });
  });
  socket.on("bench:send", (data) => server.to("bench").emit("bench:message", data));
});
http.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
