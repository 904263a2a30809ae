// SPDX-License-Identifier: MIT
// Signing in and making an account, where one would write.
import { at } from "./dom.js";
import { register, signIn } from "./session.js";

let isNew = false;

function show() {
  at("sign-title").textContent = isNew ? "Make an account" : "Sign in";
  at("sign-go").textContent = isNew ? "Make an account" : "Sign in";
  at("sign-switch").textContent = isNew ? "I have an account" : "I am new here";
  at("sign-name-row").hidden = !isNew;
  at("sign-name").required = isNew;
  at("sign-password").autocomplete = isNew ? "new-password" : "current-password";
  at("sign-password").minLength = isNew ? 8 : 1;
  at("sign-said").textContent = "";
}

function open(isOpen) {
  at("sign-in").hidden = !isOpen;
  at("sign-open").hidden = isOpen;
  if (!isOpen) return;
  show();
  at("sign").scrollIntoView({ block: "nearest" });
  at(isNew ? "sign-name" : "sign-email").focus({ preventScroll: true });
}

async function enter() {
  const email = at("sign-email").value.trim();
  const password = at("sign-password").value;
  if (!isNew) return signIn(email, password);
  if (await register(at("sign-name").value.trim(), email, password)) return;
  isNew = false;
  show();
  at("sign-said").textContent = "A letter is on its way. Open its link, then sign in.";
}

async function submit(event) {
  event.preventDefault();
  at("sign-go").disabled = true;
  at("sign-said").textContent = "";
  try {
    await enter();
    at("sign-password").value = "";
  } catch (problem) {
    at("sign-said").textContent = problem.text;
  }
  at("sign-go").disabled = false;
}

/** Shows the form, or what leads to it, to guests alone. */
export function showSignIn(user) {
  at("sign").hidden = Boolean(user);
  if (!user) open(false);
}

at("sign-open").addEventListener("click", () => open(true));
at("sign-cancel").addEventListener("click", () => {
  open(false);
  at("sign-open").focus();
});
at("sign-in").addEventListener("submit", submit);
at("sign-in").addEventListener("keydown", ({ key }) => key === "Escape" && at("sign-cancel").click());
at("sign-switch").addEventListener("click", () => {
  isNew = !isNew;
  show();
  at(isNew ? "sign-name" : "sign-email").focus();
});
