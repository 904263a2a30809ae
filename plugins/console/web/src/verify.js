// SPDX-License-Identifier: MIT
// Verifies an address. A click does it, since programs that scan letters follow links by themselves.
import { post, takeToken } from "./api.js";
import { at } from "./dom.js";

at("token").value = takeToken();
at("verify").addEventListener("submit", async (event) => {
  event.preventDefault();
  const wrong = await post("/api/auth/email/verify", { token: at("token").value.trim() });
  at("verify").hidden = !wrong;
  at("said").textContent = wrong ?? "Thank you, your address is verified.";
});
