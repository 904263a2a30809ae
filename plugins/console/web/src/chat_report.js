// SPDX-License-Identifier: MIT
// Reporting a message to those who moderate.
import { button, element } from "./dom.js";
import { choice, field, openDialog } from "./dialog.js";
import { api } from "./session.js";
import { snippet } from "./chat_text.js";

const REASONS = [
  ["spam", "Spam or advertising"],
  ["harassment", "Harassment"],
  ["hate", "Hate"],
  ["sexual", "Sexual content"],
  ["violence", "Violence or threats"],
  ["other", "Something else"],
];
const NOTE_MAX = 500;

export function openReport(message, done) {
  openDialog("Report a message", (body, close) => {
    const reason = choice(REASONS, "spam");
    const note = element("textarea");
    note.maxLength = NOTE_MAX;
    note.rows = 3;
    const said = element("p", "wrong");
    said.role = "alert";
    const go = button("Report", "");
    go.type = "submit";
    const form = element(
      "form",
      "fields",
      element("blockquote", "", element("b", "", message.userName), ` ${snippet(message.message, 200)}`),
      field("What is wrong with it?", reason),
      field("Anything else that moderators should know?", note),
      said,
      element("div", "row", go, button("Cancel", "plain", close)),
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const sent = { reason: reason.value, note: note.value.trim() || undefined };
      try {
        await api("POST", `/api/chat/${message.id}/report`, sent);
        close();
        done();
      } catch (problem) {
        said.textContent = problem.text;
      }
    });
    body.append(form);
  });
}
