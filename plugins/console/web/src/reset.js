// SPDX-License-Identifier: MIT
// Asks for a letter, and sets a password by the link or the code in it.
import { post, takeToken } from "./api.js";
import { at } from "./dom.js";

function showCode() {
  at("ask").hidden = true;
  at("set").hidden = false;
  at(at("token").value ? "password" : "token").focus();
}

at("token").value = takeToken();
if (at("token").value) showCode();
at("have-code").addEventListener("click", showCode);

at("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  const wrong = await post("/api/auth/password/forgot", { email: at("email").value });
  at("said").textContent = wrong ?? "If there is an account of this address, a letter is on its way.";
  if (!wrong) showCode();
});

at("set").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = { token: at("token").value.trim(), password: at("password").value };
  const wrong = await post("/api/auth/password/reset", body);
  at("set").hidden = !wrong;
  at("said").textContent = wrong ?? "Your password is set. All devices have been logged out.";
});
