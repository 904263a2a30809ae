// SPDX-License-Identifier: MIT
// Bundles the pages: node build.mjs OUT. Scripts and styles get a hash in their names and may be
// cached for ever; pages name them and may not.
import { build } from "esbuild";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const out = process.argv[2];
if (!out) throw new Error("usage: node build.mjs OUT");
const src = fileURLToPath(new URL("src", import.meta.url));
const pages = ["index", "watch", "reset", "verify"];
const styles = ["style", "chat"];

await rm(out, { recursive: true, force: true });
await mkdir(join(out, "pages"), { recursive: true });

const result = await build({
  entryPoints: [...pages.map((page) => join(src, `${page}.js`)), ...styles.map((style) => join(src, `${style}.css`))],
  outdir: join(out, "assets"),
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2020",
  metafile: true,
  legalComments: "linked",
});

const names = {};
for (const [file, made] of Object.entries(result.metafile.outputs))
  if (made.entryPoint) names[basename(made.entryPoint)] = basename(file);

for (const page of pages) {
  const html = await readFile(join(src, `${page}.html`), "utf8");
  const linked = html.replace(/\/assets\/([\w.]+)/g, (_, name) => `/assets/${names[name]}`);
  await writeFile(join(out, "pages", `${page}.html`), linked);
}
