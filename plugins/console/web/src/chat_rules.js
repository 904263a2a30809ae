// SPDX-License-Identifier: MIT
// Whether one may write now, and what to say when not. The server decides; this is what it would say.

const time = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** "14:05" today, with the date otherwise. */
export function clock(moment) {
  const date = new Date(moment);
  return date.toDateString() === new Date().toDateString() ? time.format(date) : day.format(date);
}

/** "45 s", "10 min", "2 h", "7 d": as short as a duration can be said. */
export function duration(seconds) {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

function barText({ until, reason }) {
  const what = until ? `You are timed out until ${clock(until)}.` : "You are banned from this chat.";
  return reason ? `${what} Reason: ${reason}` : what;
}

const WRITERS = {
  speakers: "Only speakers can write here.",
  creators: "Only creators can write here.",
  moderators: "Only moderators can write here.",
};

function mayWrite(writers, user) {
  if (writers === "speakers") return user.role === "speaker";
  if (writers === "creators") return user.role === "creator" || user.creatorStatus === "approved";
  return writers !== "moderators";
}

/** Until when a bar holds, in ms; for good is never; null when it holds no longer. */
export function barEnd(barred, now = Date.now()) {
  if (!barred) return null;
  const end = barred.until ? Date.parse(barred.until) : Infinity;
  return end > now ? end : null;
}

/**
 * {may, text, follow}: `text` is said in any case, "" when there is nothing to say; `follow`: to
 * follow would help. `chat` has settings, you, linked; `user` is who is signed in.
 */
export function writing({ settings, you, linked }, user) {
  if (!settings || !you) return { may: false, text: "Connecting to the chat …" };
  if (barEnd(you.barred)) return { may: false, text: barText(you.barred) };
  if (!settings.isChatEnabled) return { may: false, text: "The chat is off." };
  const lost = linked ? "" : "The connection is lost. What you write is sent when it is back.";
  if (you.isModerator) return { may: true, text: lost };
  if (!mayWrite(settings.writers, user)) return { may: false, text: WRITERS[settings.writers] };
  if (settings.isChatFollowersOnly && you.follows === false)
    return { may: false, text: "Only followers can write here.", follow: true };
  return { may: true, text: lost || slowText(settings) };
}

function slowText({ slowModeSeconds }) {
  return slowModeSeconds ? `Slow mode: one message every ${duration(slowModeSeconds)}.` : "";
}
