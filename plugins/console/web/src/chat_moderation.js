// SPDX-License-Identifier: MIT
// The window of those who moderate: settings, reports, who is barred, and who moderates.
import { button, element } from "./dom.js";
import { openDialog, tabs } from "./dialog.js";
import { showSettings } from "./chat_settings.js";
import { clock } from "./chat_rules.js";
import { api } from "./session.js";

const TIME_OUT_S = 600;

/** A list in pages: `row(item, again)` makes a row, `again` shows the list anew. */
async function showList(panel, { path, key, empty, row }, before = "") {
  const again = () => showList(panel, { path, key, empty, row });
  const separator = path.includes("?") ? "&" : "?";
  let page;
  try {
    page = await api("GET", before ? `${path}${separator}before=${before}` : path);
  } catch (problem) {
    return panel.replaceChildren(element("p", "wrong", problem.text));
  }
  const items = page[key].map((item) => row(item, again));
  if (!before) panel.replaceChildren(element("ul", "entries", ...items));
  else panel.querySelector("ul").append(...items);
  panel.querySelector(".more")?.remove();
  if (page.next)
    panel.append(button("More", "plain more", () => showList(panel, { path, key, empty, row }, page.next)));
  if (!panel.querySelector("li")) panel.replaceChildren(element("p", "quiet", empty));
}

/** Does something and shows the list anew, or what was wrong. */
function doing(node, again, act) {
  return async () => {
    try {
      await act();
      await again();
    } catch (problem) {
      const said = element("p", "wrong", problem.text);
      said.role = "alert";
      node.querySelector(".wrong")?.remove();
      node.append(said);
    }
  };
}

function entry(title, text, small, acts, again) {
  const node = element(
    "li",
    "",
    element("p", "", element("b", "", title), " ", text),
    element("p", "quiet", small),
  );
  const row = element("div", "row");
  for (const [label, className, act] of acts)
    row.append(button(label, className, doing(node, again, act)));
  node.append(row);
  return node;
}

function reports(panel, chat) {
  const resolve = (id, body) => () => api("PATCH", `/api/chat/reports/${id}`, body);
  return showList(panel, {
    path: `${chat.path}/reports?status=open`,
    key: "reports",
    empty: "There are no open reports.",
    row: (report, again) => {
      const from = `${report.reason} · by ${report.reporterName ?? "somebody"} · ${clock(report.createdAt)}`;
      const acts = [
        ["Dismiss", "plain", resolve(report.id, { action: "dismiss" })],
        ["Delete the message", "danger", resolve(report.id, { action: "delete" })],
        ["Time out 10 min", "danger", resolve(report.id, { action: "bar", seconds: TIME_OUT_S })],
        ["Ban", "danger", resolve(report.id, { action: "bar" })],
      ];
      const small = report.note ? `${from} · “${report.note}”` : from;
      return entry(report.authorName ?? "Somebody", report.message, small, acts, again);
    },
  });
}

function bars(panel, chat) {
  return showList(panel, {
    path: `${chat.path}/bars`,
    key: "bars",
    empty: "Nobody is banned or timed out.",
    row: (bar, again) => {
      const what = bar.until ? `timed out until ${clock(bar.until)}` : "banned";
      const small = bar.reason ? `since ${clock(bar.createdAt)} · ${bar.reason}` : `since ${clock(bar.createdAt)}`;
      const lift = () => api("DELETE", `${chat.path}/bars/${bar.userId}`);
      return entry(bar.userName, what, small, [["Lift", "plain", lift]], again);
    },
  });
}

function moderators(panel, chat) {
  const path = `${chat.path}/moderators`;
  return showList(panel, {
    path,
    key: "moderators",
    empty: "Nobody but the host moderates. Name one in the menu of a message.",
    row: ({ userId, name, userName, createdAt }, again) => {
      const acts = chat.mayAppoint
        ? [["Dismiss", "danger", () => api("DELETE", `${path}/${userId}`)]]
        : [];
      return entry(name ?? userName, "moderates", `since ${clock(createdAt)}`, acts, again);
    },
  });
}

/** Opens the window, at the reports when there are some. */
export function openModeration(chat) {
  const parts = [
    ["Settings", (panel) => showSettings(panel, chat.path)],
    ["Reports", (panel) => reports(panel, chat)],
    ["Banned", (panel) => bars(panel, chat)],
    ["Moderators", (panel) => moderators(panel, chat)],
  ];
  if (chat.reports > 0) parts.unshift(...parts.splice(1, 1));
  openDialog("Moderate the chat", (body) => body.append(tabs(parts)));
}
