// SPDX-License-Identifier: MIT
// Opens /docs in Chromium and prints what stands there as JSON: node docs.mjs URL
import { launch, PATIENCE_MS } from "./browser.mjs";

const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(process.argv[2]);
  await page.waitForSelector("section", { timeout: PATIENCE_MS });
  const seen = await page.evaluate(() => ({
    groups: [...document.querySelectorAll("h2")].map((title) => title.textContent),
    rows: Object.fromEntries([...document.querySelectorAll("details")].map((row) =>
      [row.id, row.textContent.replace(/\s+/g, " ")])),
  }));
  console.log(JSON.stringify({ errors, ...seen }));
} finally {
  await browser.close();
}
