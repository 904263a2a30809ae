// SPDX-License-Identifier: MIT
// Plays a watch page in Chromium and prints what happened as JSON:
//   node watch.mjs PAGE_URL SCREENSHOT WIDTHxHEIGHT
import { chromium } from "playwright-core";

const [pageUrl, screenshot, size] = process.argv.slice(2);
const [width, height] = size.split("x").map(Number);
const PATIENCE_MS = 45000;
const PLAY_MS = 6000;

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--mute-audio",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
  ],
});
try {
  const page = await browser.newPage({ viewport: { width, height } });
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(pageUrl);
  await page.waitForFunction(() => document.querySelector("video")?.currentTime > 0.5, null, {
    timeout: PATIENCE_MS,
  });
  const look = () =>
    page.evaluate(() => {
      const video = document.querySelector("video");
      return {
        time: video.currentTime,
        frames: video.getVideoPlaybackQuality().totalVideoFrames,
        audioBytes: video.webkitAudioDecodedByteCount,
        width: video.videoWidth,
        height: video.videoHeight,
      };
    });
  const before = await look();
  await page.waitForTimeout(PLAY_MS); // the play itself is what is measured
  const after = await look();
  await page.screenshot({ path: screenshot });
  const seen = await page.evaluate(() => ({
    title: document.getElementById("title").textContent,
    live: !document.getElementById("badge").hidden,
    curtain: !document.getElementById("curtain").hidden,
    overflow: document.documentElement.scrollWidth > innerWidth,
    brightness: (() => {
      const canvas = document.createElement("canvas");
      canvas.width = 32;
      canvas.height = 18;
      const context = canvas.getContext("2d");
      context.drawImage(document.querySelector("video"), 0, 0, 32, 18);
      const { data } = context.getImageData(0, 0, 32, 18);
      return new Set(data).size; // a picture has many values, a black frame two
    })(),
  }));
  console.log(JSON.stringify({ before, after, errors, ...seen }));
} finally {
  await browser.close();
}
