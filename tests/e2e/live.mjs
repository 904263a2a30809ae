// SPDX-License-Identifier: MIT
// Two viewers and somebody who looks at the list, while a stream comes and goes:
//   node live.mjs SERVER_URL PLAYBACK_ID SCREENSHOT
// Prints a line at each step; goes on when a line comes in.
import { createInterface } from "node:readline";
import { launch, PATIENCE_MS } from "./browser.mjs";

const [server, playbackId, screenshot] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function told(step) {
  console.log(step);
  await lines.next();
}

const shows = (page, selector, text) =>
  page.waitForFunction(
    ([where, what]) => (document.querySelector(where)?.textContent ?? "").includes(what),
    [selector, text],
    { timeout: PATIENCE_MS },
  );

const browser = await launch();
try {
  const list = await (await browser.newContext()).newPage();
  let asked = 0;
  list.on("request", (request) => request.url().includes("status=live") && asked++);
  await list.goto(server);
  await list.waitForSelector("#empty:not([hidden])", { timeout: PATIENCE_MS });
  await told("the list is empty");

  const card = `a[href="/watch/${playbackId}"]`;
  await list.waitForSelector(card, { timeout: PATIENCE_MS });
  const first = await (await browser.newContext()).newPage();
  const second = await (await browser.newContext()).newPage();
  await first.goto(`${server}/watch/${playbackId}`);
  await shows(first, "#viewers", "1 watching");
  const tab = await first.context().newPage(); // the same viewer once more
  await tab.goto(`${server}/watch/${playbackId}`);
  await second.goto(`${server}/watch/${playbackId}`);
  for (const page of [first, tab, second]) await shows(page, "#viewers", "2 watching");
  await shows(list, card, "2 watching");
  await list.screenshot({ path: screenshot });
  await second.close();
  await shows(first, "#viewers", "1 watching");
  await told("who watches is known");

  await list.waitForSelector("#empty:not([hidden])", { timeout: PATIENCE_MS });
  console.log(JSON.stringify({ asked }));
} finally {
  await browser.close();
}
