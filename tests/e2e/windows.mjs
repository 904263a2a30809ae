// SPDX-License-Identifier: MIT
// Windows of Chromium, driven line by line: each line of the input is a command, {id, window, act,
// args}, each line of the output an answer, {id, value} or {id, error}. Commands of different windows
// run side by side.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { launch, PATIENCE_MS } from "./browser.mjs";

const browser = await launch();
const windows = new Map();
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const acts = {
  async open(name, url, { width = 1280, height = 800, ...options } = {}) {
    const context = await browser.newContext({ viewport: { width, height }, ...options });
    const page = await context.newPage();
    const errors = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.setDefaultTimeout(PATIENCE_MS);
    windows.set(name, { context, page, errors });
    await page.goto(url);
  },
  go: async ({ page }, url) => void (await page.goto(url)),
  click: ({ page }, selector) => page.click(selector),
  hover: ({ page }, selector) => page.hover(selector),
  fill: ({ page }, selector, text) => page.fill(selector, text),
  choose: ({ page }, selector, value) => page.selectOption(selector, value),
  press: ({ page }, key) => page.keyboard.press(key),
  type: ({ page }, text) => page.keyboard.type(text),
  offline: ({ context }, isOffline) => context.setOffline(isOffline),
  resize: ({ page }, width, height) => page.setViewportSize({ width, height }),
  look: ({ page }, code, given) => page.evaluate(`(${code})(${JSON.stringify(given ?? null)})`),
  until: async ({ page }, code, given) => {
    await page.waitForFunction(`(${code})(${JSON.stringify(given ?? null)})`);
    return Date.now() / 1000;
  },
  picture: ({ page }, path) => page.screenshot({ path, animations: "disabled" }),
  errors: ({ errors }) => errors,
  async audit({ page }) {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run());
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
  },
};

async function run({ id, window, act, args }) {
  try {
    const target = act === "open" ? window : windows.get(window);
    return { id, value: (await acts[act](target, ...args)) ?? null };
  } catch (error) {
    return { id, error: String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin }))
  run(JSON.parse(line)).then((answer) => console.log(JSON.stringify(answer)));
await browser.close();
