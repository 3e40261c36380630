// SPDX-License-Identifier: MIT
// outbox.js - messages that are not sent yet. Each has an Idempotency-Key, so that it is stored once however often it is
// tried; and a place in sessionStorage, so that it survives that the page is loaded again.

const GIVE_UP_MS = 120_000;
const LONGEST_WAIT_MS = 16_000;

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

class Outbox {
  #items;
  #name;
  #busy = new Set(); // partners to whom something is being sent: one message at a time, in order
  #wakers = new Set();
  #closed = false;

  /** `changed(item)`: it waits, has a problem, or is gone; `sent(item, message)`: it is stored, and no longer here. */
  constructor(me, { changed, sent }) {
    this.#name = `outbox ${me}`;
    this.changed = changed;
    this.sent = sent;
    this.#items = JSON.parse(sessionStorage.getItem(this.#name) ?? "[]");
    for (const item of this.#items) this.#run(item.to);
  }

  of(partner) {
    return this.#items.filter((item) => item.to === partner);
  }

  add(to, content) {
    const item = { key: newKey(), to, content, since: Date.now(), waits: false, problem: "" };
    this.#items.push(item);
    this.#save();
    this.#run(to);
    return item;
  }

  /** Tries one again that has a problem. After 409 and 422 its key is used up. */
  retry(item) {
    Object.assign(item, { since: Date.now(), problem: "", waits: false }, item.isSpent && { key: newKey(), isSpent: false });
    this.#save();
    this.changed(item);
    this.#run(item.to);
  }

  discard(item) {
    this.#items = this.#items.filter((other) => other !== item);
    this.#save();
    if (!this.#closed) this.changed(item);
  }

  /** The server may be there again: nothing waits any longer. */
  wake() {
    for (const go of this.#wakers) go();
  }

  close() {
    this.#closed = true;
    this.wake();
  }

  #save() {
    if (this.#closed) return;
    if (this.#items.length > 0) sessionStorage.setItem(this.#name, JSON.stringify(this.#items));
    else sessionStorage.removeItem(this.#name);
  }

  async #run(to) {
    if (this.#busy.has(to)) return;
    this.#busy.add(to);
    for (let item; !this.#closed && (item = this.of(to).find((one) => !one.problem)); ) await this.#send(item);
    this.#busy.delete(to);
  }

  async #send(item) {
    for (let wait = 1000; !this.#closed; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      try {
        const message = await call("POST", `send/${item.to}/`, {
          json: { content: item.content },
          headers: { "Idempotency-Key": item.key },
        });
        this.discard(item);
        if (!this.#closed) this.sent(item, message);
        return;
      } catch (problem) {
        if (this.#closed) return;
        if (isTemporary(problem) && Date.now() - item.since < GIVE_UP_MS) {
          item.waits = true;
          this.changed(item);
          await this.#pause(problem.wait || wait);
        } else {
          item.problem = problem.status ? problem.message : "The server can't be reached.";
          item.isSpent = problem.status === 409 || problem.status === 422;
          this.#save();
          this.changed(item);
          return;
        }
      }
    }
  }

  #pause(ms) {
    return new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer);
        this.#wakers.delete(go);
        resolve();
      };
      const timer = setTimeout(go, ms);
      this.#wakers.add(go);
    });
  }
}
