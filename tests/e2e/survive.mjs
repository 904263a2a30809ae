// SPDX-License-Identifier: MIT
// Plays a watch page, says "playing", waits for a line on standard input, and then for the picture to
// go on or come back:  node survive.mjs PAGE_URL
import { once } from "node:events";
import { launch, look, PATIENCE_MS } from "./browser.mjs";

const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width: 800, height: 600 } });
  await page.goto(process.argv[2]);
  await page.waitForFunction(() => document.querySelector("video")?.currentTime > 0.5, null, {
    timeout: PATIENCE_MS,
  });
  console.log("playing");
  await once(process.stdin, "data");
  const before = await look(page);
  // Much more than a player can have in its buffer must be shown.
  await page.waitForFunction(
    (frames) => document.querySelector("video").getVideoPlaybackQuality().totalVideoFrames > frames,
    before.frames + 900,
    { timeout: 2 * PATIENCE_MS, polling: 500 },
  );
  console.log(JSON.stringify({ before, after: await look(page) }));
} finally {
  await browser.close();
  process.stdin.destroy();
}
