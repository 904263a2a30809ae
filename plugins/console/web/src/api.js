// SPDX-License-Identifier: MIT
// What the pages ask of the server.

async function get(path) {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.json();
}

/** Streams in one state, newest first. */
export async function streamsByStatus(status) {
  return (await get(`/api/streams?status=${status}&limit=100`)).streams;
}

/** The stream with this public name, or null. */
export async function streamByPlaybackId(id) {
  const { streams } = await get(`/api/streams?playbackId=${encodeURIComponent(id)}&limit=1`);
  return streams[0] ?? null;
}

/** "12 minutes ago", in the reader's language. */
export function ago(time) {
  const minutes = Math.round((Date.parse(time) - Date.now()) / 60000);
  const format = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  if (Math.abs(minutes) < 60) return format.format(minutes, "minute");
  if (Math.abs(minutes) < 48 * 60) return format.format(Math.round(minutes / 60), "hour");
  return format.format(Math.round(minutes / 1440), "day");
}
