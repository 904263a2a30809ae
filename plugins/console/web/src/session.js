// SPDX-License-Identifier: MIT
// Who is signed in, in this tab, and what is asked in his name.
import { Problem } from "./problem.js";

const KEY = "session";
const heard = new Set();

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

let now = read();

function keep(next) {
  now = next;
  try {
    if (now.token) sessionStorage.setItem(KEY, JSON.stringify(now));
    else sessionStorage.removeItem(KEY);
  } catch {
    // a browser that keeps nothing: it lasts until the page is left
  }
  for (const hear of heard) hear(now.user ?? null);
}

/** {id, uid, name, role} of who is signed in, or null. */
export const user = () => now.user ?? null;
export const token = () => now.token ?? null;

/** Calls `hear` with the user, or null, whenever somebody signs in or out. */
export function onSession(hear) {
  heard.add(hear);
}

/** The token opens nothing any more. */
export function forget() {
  if (now.token) keep({});
}

async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  const retryAfter = Number(response.headers.get("retry-after")) || 0;
  return new Problem({ retryAfter, status: response.status, ...body });
}

/** Asks the API; a promise of what it answers with, null for nothing, or a Problem. */
export async function api(method, path, body) {
  const used = token();
  const headers = { accept: "application/json" };
  if (used) headers.authorization = `Bearer ${used}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const sent = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
  const response = await fetch(path, sent).catch(() => {
    throw Problem.lost();
  });
  if (response.ok) return response.status === 204 ? null : response.json();
  if (response.status === 401 && used && used === token()) forget();
  throw await problemOf(response);
}

function enter(answer) {
  const { id, uid, name, role } = answer.user;
  keep({ token: answer.token, user: { id, uid, name, role } });
}

export async function signIn(email, password) {
  enter(await api("POST", "/api/auth/login", { email, password }));
}

/** False: the account is made, but its address has to be verified first. */
export async function register(name, email, password) {
  const answer = await api("POST", "/api/auth/register", { name, email, password });
  if (!answer?.token) return false;
  enter(answer);
  return true;
}

export async function signOut() {
  await api("POST", "/api/auth/logout").catch(() => {}); // here it is forgotten in any case
  forget();
}
