// SPDX-License-Identifier: MIT
// Debian's Chromium, headless, as a viewer has it.
import { chromium } from "playwright-core";

export const PATIENCE_MS = 45000 * Number(process.env.DAIS_TIME_SCALE ?? 1);

export function launch() {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--mute-audio",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
      "--autoplay-policy=no-user-gesture-required",
    ],
  });
}

/** What the page's video has done so far. */
export function look(page) {
  return page.evaluate(() => {
    const video = document.querySelector("video");
    return {
      time: video.currentTime,
      frames: video.getVideoPlaybackQuality().totalVideoFrames,
      audioBytes: video.webkitAudioDecodedByteCount,
      width: video.videoWidth,
      height: video.videoHeight,
    };
  });
}
