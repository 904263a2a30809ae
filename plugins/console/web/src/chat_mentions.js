// SPDX-License-Identifier: MIT
// Completes names while somebody types "@": a list at the input, chosen from by arrows and Enter.
import { at, element } from "./dom.js";

const SHOWN_MAX = 6;
const BEFORE = /(?:^|\s)@([^\s@]{0,40})$/u;

export class Mentions {
  /** `people()` gives [[account, name]], those who wrote last at the end. */
  constructor(input, people) {
    this.input = input;
    this.people = people;
    this.chosen = new Map(); // account → name
    this.list = at("chat-names");
    this.matches = [];
    this.index = 0;
    input.addEventListener("input", () => this.look());
    input.addEventListener("blur", () => this.close());
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the input keeps the focus
      const node = event.target.closest("li");
      if (node) this.choose([...this.list.children].indexOf(node));
    });
  }

  get isOpen() {
    return !this.list.hidden;
  }

  begun() {
    const { selectionStart, selectionEnd, value } = this.input;
    return selectionStart === selectionEnd ? BEFORE.exec(value.slice(0, selectionStart)) : null;
  }

  look() {
    const found = this.begun();
    if (!found) return this.close();
    const start = found[1].toLocaleLowerCase();
    const fits = ([, name]) => name.toLocaleLowerCase().startsWith(start);
    this.matches = this.people().filter(fits).reverse().slice(0, SHOWN_MAX);
    if (this.matches.length === 0) return this.close();
    this.index = 0;
    this.list.replaceChildren(...this.matches.map(([, name], index) => this.option(name, index)));
    this.list.hidden = false;
    this.mark();
  }

  option(name, index) {
    const node = element("li", "", name);
    node.role = "option";
    node.id = `chat-name-${index}`;
    return node;
  }

  mark() {
    [...this.list.children].forEach((node, index) => {
      node.ariaSelected = String(index === this.index);
    });
    this.input.setAttribute("aria-activedescendant", `chat-name-${this.index}`);
  }

  close() {
    this.list.hidden = true;
    this.input.removeAttribute("aria-activedescendant");
  }

  choose(index) {
    const [id, name] = this.matches[index];
    const { value, selectionStart } = this.input;
    const from = value.lastIndexOf("@", selectionStart - 1);
    this.input.setRangeText(`@${name} `, from, selectionStart, "end");
    this.chosen.set(id, name);
    this.close();
    this.input.dispatchEvent(new Event("input"));
  }

  /** Handles a key of the open list; true when it was one. */
  key(event) {
    if (!this.isOpen) return false;
    const count = this.matches.length;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (steps[event.key]) {
      this.index = (this.index + steps[event.key] + count) % count;
      this.mark();
    } else if (event.key === "Enter" || event.key === "Tab") this.choose(this.index);
    else if (event.key === "Escape") this.close();
    else return false;
    event.preventDefault();
    return true;
  }

  /** The accounts that a text mentions. */
  of(text) {
    const isThere = ([, name]) => text.includes(`@${name}`);
    return [...this.chosen].filter(isThere).map(([id]) => id);
  }
}
