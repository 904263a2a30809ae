// SPDX-License-Identifier: MIT
// The watch page: finds the stream, plays it, and stays with it over every interruption.
import Hls from "hls.js";
import { ago, streamByPlaybackId, watching } from "./api.js";
import { Chat } from "./chat.js";
import { at } from "./dom.js";
import { listen } from "./live.js";
import { forget, token } from "./session.js";

const REFRESH_MS = 4000; // while the server cannot be heard
const HEARD_REFRESH_MS = 60000;
const RETRY_MS = 2000;
const video = at("video");
const playbackId = decodeURIComponent(location.pathname.split("/").filter(Boolean)[1] ?? "");
const source = `/hls/${encodeURIComponent(playbackId)}/master.m3u8`;

let hls = null;
let playing = false;

function curtain(text) {
  at("message").textContent = text ?? "";
  at("curtain").hidden = !text;
}

/** Starts with sound where the browser allows it, silently otherwise. */
async function start() {
  try {
    await video.play();
  } catch {
    video.muted = true;
    at("unmute").hidden = false;
    await video.play().catch(() => {});
  }
}

function stop() {
  hls?.destroy();
  hls = null;
  playing = false;
}

/** A fatal error ends this attempt; the next refresh begins another one. */
function onError(_, data) {
  if (!data.fatal) return;
  if (data.type === Hls.ErrorTypes.MEDIA_ERROR) {
    hls.recoverMediaError();
    return;
  }
  stop();
  curtain("The picture is gone. Waiting for it to come back …");
  setTimeout(refresh, RETRY_MS);
}

function attach() {
  if (playing) return;
  playing = true;
  if (Hls.isSupported()) {
    hls = new Hls({ liveSyncDurationCount: 2, maxLiveSyncPlaybackRate: 1.1, backBufferLength: 30 });
    hls.on(Hls.Events.ERROR, onError);
    hls.on(Hls.Events.MANIFEST_PARSED, start);
    hls.loadSource(source);
    hls.attachMedia(video);
  } else {
    video.src = source;
    start();
  }
}

function describe(stream) {
  document.title = `${stream.title} · Dais`;
  at("title").textContent = stream.title;
  at("description").textContent = stream.description;
  at("badge").hidden = stream.status !== "live";
  const times = { live: ["Started", stream.startedAt], ended: ["Ended", stream.endedAt] };
  const [word, time] = times[stream.status] ?? ["Planned for", stream.scheduledFor];
  at("since").textContent = time ? `${word} ${ago(time)}` : "";
}

async function refresh() {
  let stream;
  try {
    stream = await streamByPlaybackId(playbackId);
  } catch {
    if (!playing) curtain("The server cannot be reached. Trying again …");
    return; // what plays goes on playing
  }
  if (!stream) {
    stop();
    curtain("There is no such stream.");
    return;
  }
  describe(stream);
  chat.open(stream);
  if (stream.status === "live") attach();
  else if (!playing || video.ended) {
    stop();
    curtain(stream.status === "ended" ? "This stream has ended." : "This stream has not begun yet.");
  }
}

video.addEventListener("playing", () => curtain(null));
video.addEventListener("ended", () => {
  stop();
  refresh();
});
at("unmute").addEventListener("click", () => {
  video.muted = false;
  at("unmute").hidden = true;
});
video.addEventListener("volumechange", () => {
  if (!video.muted) at("unmute").hidden = true;
});

function count({ viewerCount }) {
  at("viewers").textContent = watching(viewerCount);
}

/** Events of all streams come; this page is about one. */
function changed({ playbackId: id }) {
  if (id === playbackId) refresh();
}

let timer = 0;
const chat = new Chat();

chat.line = listen({
  token,
  signedOut: forget,
  greet: [{ event: "join-stream", data: { streamKey: playbackId }, done: count }],
  on: { ...chat.on, "live:created": changed, "live:ended": changed, "viewers:count": count },
  link: (up) => {
    chat.link(up);
    clearInterval(timer);
    timer = setInterval(() => !document.hidden && refresh(), up ? HEARD_REFRESH_MS : REFRESH_MS);
    refresh();
  },
});
refresh();
