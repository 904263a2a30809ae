// SPDX-License-Identifier: MIT
// The chat beside the picture: joins its room, reads the history, follows the events, and brings the
// parts of the page together. What it knows is in the model; what it shows follows from that.
import { at, hue } from "./dom.js";
import { chatActs } from "./chat_acts.js";
import { Composer } from "./chat_composer.js";
import { ChatModel, PAGE } from "./chat_model.js";
import { openMenu } from "./chat_menu.js";
import { Outbox } from "./chat_outbox.js";
import { showPins } from "./chat_pins.js";
import { showSignIn } from "./chat_sign_in.js";
import { stopped, typing } from "./chat_typing.js";
import { ChatView } from "./chat_view.js";
import { Problem } from "./problem.js";
import { api, onSession, signOut, user } from "./session.js";

const RETRY_MS = 2000;
const ABSENT = new Set([400, 401, 403, 404]); // there is no chat here, or not for this one

export class Chat {
  constructor() {
    this.line = null; // what `listen` gives; set by the page before anything else happens
    this.room = null;
    this.ownerId = null;
    this.linked = false;
    this.isStale = true; // the history has to be read anew
    this.loading = false;
    this.settings = null;
    this.you = null;
    this.user = user();
    this.reports = 0;
    this.logs = new Set();
    this.ends = new Map(); // id of a message that is held back → when others see it
    this.model = new ChatModel();
    Object.assign(this, chatActs(this));
    this.show = (id) => this.view.show(id);
    this.outbox = new Outbox({
      send: (draft) => this.deliver(draft),
      done: (message) => this.delivered(message),
      refused: (draft, problem) => this.composer.refused(draft, problem),
      changed: () => this.changed(),
    });
    this.view = new ChatView(this);
    this.composer = new Composer(this);
    this.on = this.handlers();
    this.header();
    onSession((now) => this.signed(now));
  }

  get path() {
    return `/api/chat/rooms/${this.room}`;
  }

  /** Owners and admins name moderators. */
  get mayAppoint() {
    return Boolean(this.you?.isOwner || this.user?.role === "admin");
  }

  // -- coming and going -------------------------------------------------------------------------

  /** The stream is known; the first call counts. */
  open({ id, ownerId }) {
    if (this.room) return;
    this.room = id;
    this.ownerId = ownerId;
    this.header();
    if (this.linked) this.join();
  }

  /** Whether the server can be heard. */
  link(up) {
    this.linked = up;
    this.changed();
    this.composer.update();
    if (up && this.room) this.join();
  }

  signed(now) {
    this.user = now;
    this.you = null;
    this.isStale = true;
    this.reports = 0;
    this.outbox.clear();
    this.header();
    this.view.redraw();
    this.line.again();
    if (now) at("chat-input").focus();
  }

  /** Enters the room, or asks how it stands. What events say meanwhile is said again afterwards. */
  async join() {
    const again = () => this.linked && this.join();
    try {
      await this.during(
        () => this.line.ask("chat:join", { roomId: this.room }),
        (state) => this.enter(state),
      );
      if (this.isStale) await this.load();
      this.outbox.pump();
    } catch (problem) {
      if (problem.isLost) return; // with the next connection
      if (ABSENT.has(problem.status)) at("chat").hidden = true;
      else setTimeout(again, RETRY_MS);
    }
  }

  enter({ settings, you, pinned }) {
    const was = this.you;
    this.settings = settings;
    this.you = you;
    this.model.setPins(pinned);
    if (was?.isModerator !== you.isModerator || was?.userId !== you.userId) this.view.redraw();
    at("chat").hidden = false;
    this.header();
    if (you.isModerator) this.countReports();
  }

  // -- history ----------------------------------------------------------------------------------

  /** What came while something was asked may be newer than the answer: it counts once more. */
  async during(ask, use) {
    const log = [];
    this.logs.add(log);
    try {
      use(await ask());
    } finally {
      this.logs.delete(log);
    }
    for (const act of log) act();
    this.changed();
  }

  page(before) {
    const query = before ? `?limit=${PAGE}&before=${before}` : `?limit=${PAGE}`;
    return api("GET", `/api/chat/session/${this.room}${query}`);
  }

  async load() {
    this.isStale = false;
    try {
      await this.during(() => this.page(), (page) => this.model.reset(page));
    } catch {
      this.isStale = true;
      setTimeout(() => this.linked && this.isStale && this.load(), RETRY_MS);
    }
  }

  async loadOlder() {
    if (this.loading || !this.model.hasOlder) return;
    this.loading = true;
    try {
      await this.during(() => this.page(this.model.older), (page) => this.model.add(page));
    } catch {
      // whoever scrolls on asks again
    }
    this.loading = false;
  }

  // -- events -----------------------------------------------------------------------------------

  handlers() {
    const acts = {
      "chat:message": (message) => this.take(message),
      "chat:edited": (message) => this.model.change(message),
      "chat:deleted": ({ id }) => this.model.remove(id),
      "chat:pinned": (message) => this.model.pin(message),
      "chat:unpinned": ({ id }) => this.model.unpin(id),
      "chat:reaction": ({ id, reactions }) => this.model.react(id, reactions),
      "chat:cleared": ({ clearedThrough, userId, from }) =>
        this.model.clear(clearedThrough, userId, from),
      "chat:settings": ({ settings }) => this.set(settings),
      "chat:barred": ({ until, reason }) => this.bars({ until, reason }),
      "chat:unbarred": () => this.bars(null),
      "chat:moderator": ({ userId }) => userId === this.user?.id && this.join(),
      "chat:report": () => this.countReports(),
      "chat:typing": (data) => data.userId !== this.user?.id && typing(data),
    };
    const heard = Object.entries(acts).map(([name, act]) => [name, (data) => this.hear(act, data)]);
    return { ...Object.fromEntries(heard), "room:resync": (data) => this.resync(data) };
  }

  hear(act, data) {
    if (!this.room || data.roomId !== this.room) return;
    for (const log of this.logs) log.push(() => act(data));
    act(data);
    this.changed();
  }

  /** More was missed than the server keeps: what is shown may be wrong. */
  resync({ room }) {
    if (!this.room || !room.endsWith(`:${this.room}`)) return;
    this.isStale = true;
    if (this.you) this.load();
  }

  take(message) {
    stopped(message.userId);
    if (message.isDelayed && !this.ends.has(message.id))
      this.ends.set(message.id, Date.now() + (this.settings?.chatDelaySeconds ?? 0) * 1000);
    if (!message.isDelayed) this.ends.delete(message.id);
    const isNew = this.model.take(message);
    if (message.userId === this.user?.id && message.clientMessageId)
      this.outbox.drop(message.clientMessageId);
    else if (isNew) this.view.arrived();
    this.changed();
  }

  set(settings) {
    if (!this.you) return; // the answer to the join has them
    const asksForFollowers = settings.isChatFollowersOnly && !this.settings.isChatFollowersOnly;
    this.settings = settings;
    this.composer.update();
    if (asksForFollowers && this.user && !this.you.isModerator) this.join(); // does he follow?
  }

  visibleAt({ id }) {
    return this.ends.get(id) ?? Date.now();
  }

  bars(barred) {
    if (this.you) this.you.barred = barred;
    this.view.redraw();
    this.composer.update();
  }

  async countReports() {
    if (!this.you?.isModerator) return;
    const { reports } = await api("GET", `${this.path}/reports?status=open&limit=100`).catch(() => ({
      reports: [],
    }));
    this.reports = reports.length;
    this.header();
  }

  // -- sending ----------------------------------------------------------------------------------

  send(draft) {
    this.outbox.add(draft);
    this.view.toEnd();
  }

  deliver({ message, replyTo, mentions, clientMessageId }) {
    if (!this.you) return Promise.reject(Problem.lost()); // it is not known yet as whom
    const data = { roomId: this.room, message, clientMessageId };
    if (replyTo) data.replyTo = replyTo.id;
    if (mentions.length) data.mentions = mentions;
    return this.line.ask("chat:send", data);
  }

  delivered(message) {
    this.take(message);
    this.composer.slow(); // the server counts from here
  }

  typing(isTyping) {
    this.line.ask("chat:typing", { roomId: this.room, typing: isTyping }).catch(() => {});
  }

  /** Messages on their way, as rows. */
  drafts() {
    return this.outbox.items.map((draft) => {
      draft.row ??= {
        id: "",
        type: "comment",
        userId: this.user.id,
        userName: this.user.name,
        createdAt: new Date().toISOString(),
        mentions: draft.mentions,
        replyTo: draft.replyTo,
        message: draft.message,
        clientMessageId: draft.clientMessageId,
      };
      if (draft.row.draft !== draft || draft.row.linked !== this.linked)
        draft.row = { ...draft.row, draft, linked: this.linked };
      return draft.row;
    });
  }

  // -- the page ---------------------------------------------------------------------------------

  /** Something is known that was not: it is drawn with the next frame. */
  changed() {
    this.view.draw();
  }

  /** A frame is drawn. */
  drawn() {
    showPins(this);
  }

  header() {
    const account = at("chat-account");
    account.hidden = !this.user;
    if (this.user) {
      account.textContent = [...this.user.name][0].toLocaleUpperCase();
      account.ariaLabel = account.title = `Signed in as ${this.user.name}`;
      account.style.setProperty("--hue", hue(this.user.id));
      account.onclick = () => openMenu(account, this.user.name, [{ label: "Sign out", act: signOut }]);
    }
    const moderate = at("chat-moderate");
    moderate.hidden = !this.you?.isModerator;
    moderate.textContent = this.reports ? `Moderate (${this.reports})` : "Moderate";
    moderate.onclick = () => this.moderate();
    showSignIn(this.user);
    this.composer?.update();
  }
}
