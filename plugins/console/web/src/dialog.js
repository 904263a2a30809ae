// SPDX-License-Identifier: MIT
// Windows over the page. Escape and a click beside them close them; the focus returns by itself.
import { button, element, moveByKeys, signButton, uniqueId } from "./dom.js";

/** Opens a window with a title; `fill(body, close)` puts something into it. */
export function openDialog(title, fill) {
  const node = element("dialog", "dialog");
  const head = element("h2", "", title);
  head.id = uniqueId("dialog");
  node.setAttribute("aria-labelledby", head.id);
  const body = element("div", "dialog-body");
  const close = () => node.close();
  node.append(element("header", "", head, signButton("✕", "Close", "icon", close)), body);
  node.addEventListener("close", () => node.remove());
  node.addEventListener("click", ({ target }) => target === node && close());
  document.body.append(node);
  fill(body, close);
  node.showModal();
  return node;
}

/** Asks before what cannot be taken back; a promise of the answer. */
export function confirmed(title, text, yes) {
  return new Promise((answer) => {
    const node = openDialog(title, (body, close) => {
      const go = button(yes, "danger", () => {
        answer(true);
        close();
      });
      const row = element("div", "row", go, button("Cancel", "plain", close));
      body.append(element("p", "", text), row);
    });
    node.addEventListener("close", () => answer(false));
  });
}

/** Tabs: [[label, show]], `show(panel)` fills the panel of the one that is chosen. */
export function tabs(list) {
  const panel = element("div", "tab-panel");
  panel.role = "tabpanel";
  panel.id = uniqueId("panel");
  const bar = element("div", "tabs");
  bar.role = "tablist";
  const choose = (chosen) => {
    for (const node of bar.children) {
      node.ariaSelected = String(node === chosen);
      node.tabIndex = node === chosen ? 0 : -1;
    }
    panel.setAttribute("aria-labelledby", chosen.id);
    panel.replaceChildren();
    list[[...bar.children].indexOf(chosen)][1](panel);
  };
  for (const [label] of list) {
    const node = button(label, "", () => choose(node));
    node.role = "tab";
    node.id = uniqueId("tab");
    node.setAttribute("aria-controls", panel.id);
    bar.append(node);
  }
  bar.addEventListener("keydown", (event) => {
    if (moveByKeys(event, [...bar.children], { next: "ArrowRight", previous: "ArrowLeft" }))
      choose(document.activeElement);
  });
  choose(bar.firstChild);
  return element("div", "", bar, panel);
}

/** A label with its control, and the control's name. */
export function field(label, control) {
  control.id ||= uniqueId("field");
  const name = element("label", "", label);
  name.htmlFor = control.id;
  return element("div", "field", name, control);
}

/** A choice of [[value, text]]. */
export function choice(options, value) {
  const node = element("select");
  for (const [one, text] of options) node.append(new Option(text, one));
  node.value = String(value);
  return node;
}
