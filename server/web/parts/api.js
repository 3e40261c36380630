// SPDX-License-Identifier: MIT
// api.js - requests to the API, as the user who has signed in.

const TIMEOUT_MS = 20_000;

/** The server said no; the message is its sentence. */
class Refusal extends Error {
  constructor(status, detail, wait) {
    super(detail);
    this.status = status;
    this.wait = wait; // milliseconds until it may be asked again; 0: it did not say
  }
}

/** What is known of the server and of the user. `refused` is called after a 401, once. */
const session = { base: "", token: "", isOpen: false, mayHaveCookie: false, refused() {} };

/** Who the user is, for each request. A JWT is three words of base64url. */
function authorization() {
  const { token } = session;
  if (!token) return {};
  if (token.includes(" ")) return { Authorization: token };
  return { Authorization: /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token) ? `Bearer ${token}` : `Token ${token}` };
}

/** What the response says; an exception is a Refusal, or else the server can't be reached. */
async function call(method, path, { json, headers } = {}) {
  const asked = session.token;
  const response = await fetch(session.base + path, {
    method,
    headers: { ...authorization(), ...headers, ...(json && { "Content-Type": "application/json" }) },
    body: json && JSON.stringify(json),
    cache: "no-store",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.ok) return response.status === 204 ? null : await response.json();
  const { detail } = await response.json().catch(() => ({ detail: `${response.status} ${response.statusText}` }));
  const refusal = new Refusal(response.status, detail, Number(response.headers.get("Retry-After")) * 1000);
  if (response.status === 401 && session.isOpen && asked === session.token) session.refused(detail);
  throw refusal;
}

/** Whether the same request may succeed later. */
function isTemporary(problem) {
  return !(problem instanceof Refusal) || problem.status === 503 || (problem.status === 429 && problem.wait <= 60_000);
}

/** The page that `next` of a page names, as a path; null if there is none. A proxy may have changed the rest of the URL. */
function nextPath(path, page) {
  return page.next && path.split("?")[0] + new URL(page.next).search;
}

/** A function that runs `work` now; again if it is called meanwhile, once; later if the server can't be reached. */
function coalesced(work) {
  let running = false, wanted = false;
  return async function run() {
    wanted = true;
    if (running) return;
    running = true;
    while (wanted) {
      wanted = false;
      await work().catch((problem) => {
        if (isTemporary(problem) && session.isOpen) setTimeout(run, 3000);
      });
    }
    running = false;
  };
}
