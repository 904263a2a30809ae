// SPDX-License-Identifier: MIT
// The same route as GET /api/streams/:id, as a Node service has it: the token is verified, one
// query on a pool of ten connections, JSON.  node server.mjs PORT DATABASE_URL SECRET
import { createSecretKey } from "node:crypto";
import http from "node:http";
import jwt from "jsonwebtoken";
import pg from "pg";

const [port, connectionString, secret] = process.argv.slice(2);
// jsonwebtoken takes a text for a PEM file first: half a millisecond for each request.
const key = createSecretKey(Buffer.from(secret));
const pool = new pg.Pool({ connectionString, max: 10 });
const query = {
  name: "stream",
  text: `SELECT id, owner_id, title, description, playback_id, status, scheduled_for, started_at,
         ended_at, created_at, key_sealed FROM streams.streams WHERE id = $1`,
};

http
  .createServer(async (req, res) => {
    try {
      jwt.verify(req.headers.authorization.slice(7), key, { algorithms: ["HS256"] });
      const { rows } = await pool.query({ ...query, values: [req.url.split("/").pop()] });
      const row = rows[0];
      const body = JSON.stringify({
        id: row.id, ownerId: row.owner_id, title: row.title, description: row.description,
        status: row.status, playbackId: row.playback_id,
        playbackUrl: `http://${req.headers.host}/hls/${row.playback_id}/master.m3u8`,
        serverUrl: "rtmp://localhost/live", scheduledFor: row.scheduled_for,
        startedAt: row.started_at, endedAt: row.ended_at, createdAt: row.created_at,
      });
      res.writeHead(200, { "content-type": "application/json" }).end(body);
    } catch (error) {
      res.writeHead(500).end(String(error));
    }
  })
  .listen(Number(port), "127.0.0.1");
