// SPDX-License-Identifier: MIT
// How the chat is set, for those who moderate it: a form that sends what was changed.
import { button, element } from "./dom.js";
import { choice, confirmed, field } from "./dialog.js";
import { api } from "./session.js";
import { duration } from "./chat_rules.js";

const seconds = (list, none) => list.map((one) => [one, one ? duration(one) : none]);

/** name, label, and what can be chosen; no choice: a switch. */
const ROWS = [
  ["isChatEnabled", "The chat is on"],
  ["slowModeSeconds", "Between two messages of one person", seconds([0, 3, 5, 10, 30, 60, 300, 900, 3600], "no wait")],
  ["isChatFollowersOnly", "Only followers write"],
  ["followersMinAgeSeconds", "They have to follow for", seconds([0, 600, 3600, 86400, 604800, 2592000], "no time")],
  ["writers", "Who may write", [["everyone", "everyone"], ["speakers", "speakers"], ["creators", "creators"], ["moderators", "moderators"]]],
  ["isChatDelayed", "Others see messages later, moderators at once"],
  ["chatDelaySeconds", "So much later", seconds([1, 2, 4, 6, 10, 20, 30, 60])],
  ["links", "Links", [["allow", "allowed"], ["block", "moderators only"]]],
  ["messageMax", "Longest message", [100, 200, 300, 500, 1000, 2000].map((one) => [one, `${one} characters`])],
  ["editWindowSeconds", "Authors may edit for", seconds([0, 60, 300, 900, 3600], "never")],
  ["showJoins", "Tell who comes and goes"],
  ["blockedWordAction", "A message with a blocked word", [["refuse", "is refused"], ["mask", "is shown with stars"]]],
];

/** The choices, with the value that is set if it is not one of them. */
function withValue(options, value) {
  if (options.some(([one]) => String(one) === String(value))) return options;
  return [...options, [value, typeof value === "number" ? String(value) : value]];
}

function control([, , options], value) {
  if (options) return choice(withValue(options, value), value);
  const node = element("input");
  node.type = "checkbox";
  node.role = "switch";
  node.checked = Boolean(value);
  return node;
}

function valueOf(node, before) {
  if (node.type === "checkbox") return node.checked;
  return typeof before === "number" ? Number(node.value) : node.value;
}

const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

function changes(controls, words, settings) {
  const changed = {};
  for (const [name, node] of controls) {
    const value = valueOf(node, settings[name]);
    if (value !== settings[name]) changed[name] = value;
  }
  const before = settings.blockedWords ?? [];
  const list = lines(words.value);
  if (list.join("\n") !== before.join("\n")) changed.blockedWords = list;
  return changed;
}

async function clear(path, said) {
  const text = "All messages so far disappear for everybody. This cannot be taken back.";
  if (!(await confirmed("Clear the chat?", text, "Clear the chat"))) return;
  try {
    await api("DELETE", `${path}/messages`);
    said.textContent = "The chat is cleared.";
  } catch (problem) {
    said.textContent = problem.text;
  }
}

/** Fills a panel; `path` is the room's in the API. */
export async function showSettings(panel, path) {
  let settings;
  try {
    settings = await api("GET", `${path}/settings`);
  } catch (problem) {
    return panel.replaceChildren(element("p", "wrong", problem.text));
  }
  const controls = ROWS.map((row) => [row[0], control(row, settings[row[0]])]);
  const words = element("textarea");
  words.rows = 4;
  words.value = (settings.blockedWords ?? []).join("\n");
  const said = element("p", "");
  said.role = "status";
  const save = button("Save", "");
  save.type = "submit";
  const form = element(
    "form",
    "fields",
    ...controls.map(([, node], index) => field(ROWS[index][1], node)),
    field("Blocked words, one a line", words),
    said,
    element("div", "row", save, button("Clear the chat …", "danger", () => clear(path, said))),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      settings = await api("PATCH", `${path}/settings`, changes(controls, words, settings));
      said.textContent = "Saved.";
    } catch (problem) {
      said.textContent = problem.text;
    }
  });
  panel.replaceChildren(form);
}
