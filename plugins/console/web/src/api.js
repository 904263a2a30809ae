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

/** Posts to the API: null when it went well, otherwise what was wrong, in a sentence. */
export async function post(path, body) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(body),
    });
    if (response.ok) return null;
    const problem = await response.json();
    return problem.detail ?? problem.title;
  } catch {
    return "The server cannot be reached. Please try again.";
  }
}

/** The secret of the link that led here; it leaves the address bar and the history. */
export function takeToken() {
  const token = new URLSearchParams(location.search).get("token") ?? "";
  if (token) history.replaceState(null, "", location.pathname);
  return token;
}

/** "1,204 watching", in the reader's digits; nothing when nobody is. */
export function watching(count) {
  return count > 0 ? `${new Intl.NumberFormat().format(count)} watching` : "";
}

/** "12 minutes ago", in the reader's language. */
export function ago(time) {
  const minutes = Math.round((Date.parse(time) - Date.now()) / 60000);
  const format = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  if (Math.abs(minutes) < 60) return format.format(minutes, "minute");
  if (Math.abs(minutes) < 48 * 60) return format.format(Math.round(minutes / 60), "hour");
  return format.format(Math.round(minutes / 1440), "day");
}
