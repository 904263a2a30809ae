// SPDX-License-Identifier: MIT
// Why something did not work: a problem document of the server, or that it could not be reached.

export class Problem extends Error {
  constructor({ code, status, title, detail, field, retryAfter } = {}) {
    super(detail || title || "Something went wrong.");
    this.code = code ?? "unknown";
    this.status = status ?? 0;
    this.field = field ?? null;
    this.retryAfter = retryAfter ?? 0; // seconds; 0: not said
  }

  /** Nobody knows whether the server has heard it. */
  static lost() {
    return new Problem({ code: "lost", detail: "The server cannot be reached. Please try again." });
  }

  /** As a sentence. */
  get text() {
    const text = this.message.charAt(0).toUpperCase() + this.message.slice(1);
    return /[.!?…]$/.test(text) ? text : `${text}.`;
  }

  get isLost() {
    return this.code === "lost";
  }

  /** It may go well when it is tried again soon. */
  get isPassing() {
    return this.status === 503 || this.status === 504;
  }
}
