// SPDX-License-Identifier: MIT
// Plays a watch page in Chromium and prints what happened as JSON:
//   node watch.mjs PAGE_URL SCREENSHOT WIDTHxHEIGHT
import { launch, look, PATIENCE_MS } from "./browser.mjs";

const [pageUrl, screenshot, size] = process.argv.slice(2);
const [width, height] = size.split("x").map(Number);
const PLAY_MS = 6000;

const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width, height } });
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(pageUrl);
  await page.waitForFunction(() => document.querySelector("video")?.currentTime > 0.5, null, {
    timeout: PATIENCE_MS,
  });
  const before = await look(page);
  await page.waitForTimeout(PLAY_MS); // the play itself is what is measured
  const after = await look(page);
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
