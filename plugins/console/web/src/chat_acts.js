// SPDX-License-Identifier: MIT
// What people do with messages and with each other. Whatever comes of it is told by events; here is
// said what went wrong.
import { confirmed } from "./dialog.js";
import { openModeration } from "./chat_moderation.js";
import { openReport } from "./chat_report.js";
import { api } from "./session.js";

/** Functions for a chat: they are called by rows, menus and the composer. */
export function chatActs(chat) {
  const mine = new Set(); // reactions that were given in this window

  /** Does it; says what was wrong, or that it is done. */
  async function attempt(act, done = "") {
    try {
      const answer = await act();
      if (done) chat.composer.say(done);
      return answer;
    } catch (problem) {
      chat.composer.say(problem.text);
      return null;
    }
  }

  async function react(message, emoji, value) {
    const key = `${message.id} ${emoji}`;
    const path = `/api/chat/${message.id}/reaction`;
    const answer = await attempt(() => api("PUT", path, { emoji, value }));
    if (!answer) return;
    if (value) mine.add(key);
    else mine.delete(key);
    chat.model.react(message.id, answer.reactions);
    chat.changed();
  }

  async function remove(message) {
    const asks = message.userId !== chat.user.id;
    const text = `${message.userName}: ${message.message}`;
    if (asks && !(await confirmed("Delete this message?", text, "Delete"))) return;
    attempt(() => api("DELETE", `/api/chat/${message.id}`));
  }

  async function bar(userId, name, seconds) {
    const text = "This account can read, but not write here, until somebody lifts the ban.";
    if (!seconds && !(await confirmed(`Ban ${name}?`, text, "Ban"))) return;
    const path = `${chat.path}/bars/${userId}`;
    attempt(
      () => api("PUT", path, seconds ? { seconds } : {}),
      seconds ? `${name} is timed out.` : `${name} is banned.`,
    );
  }

  async function follow() {
    await attempt(() => api("POST", `/api/users/${chat.ownerId}/follow`));
    chat.join();
  }

  return {
    react,
    remove,
    bar,
    follow,
    isMine: (id, emoji) => mine.has(`${id} ${emoji}`),
    change: (message, text) => api("PATCH", `/api/chat/${message.id}`, { message: text }),
    pin: (message, pinned) => attempt(() => api("PATCH", `/api/chat/${message.id}/pin`, { pinned })),
    report: (message) =>
      openReport(message, () => chat.composer.say("Thank you. Moderators will look at it.")),
    unbar: (userId, name) =>
      attempt(() => api("DELETE", `${chat.path}/bars/${userId}`), `${name} may write again.`),
    appoint: (userId, name) =>
      attempt(() => api("PUT", `${chat.path}/moderators/${userId}`), `${name} moderates now.`),
    moderate: () => openModeration(chat),
    reply: (message) => chat.composer.reply(message),
    edit: (message) => chat.composer.edit(message),
  };
}
