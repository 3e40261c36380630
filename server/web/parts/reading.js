// SPDX-License-Identifier: MIT
// reading.js - which messages have been read: those that were on the screen for a second, in a window that has the focus.

const SEEN_MS = 1000;

class Reading {
  staysUnread = false; // the user has marked the conversation as unread, and looks at it still
  #seen = new Map(); // unread messages on the screen, since when
  #messages = new Map(); // by their nodes, those that are watched
  #watcher;
  #timer = 0;

  /** `mark(message)` marks all up to this one as read. */
  constructor(log, mark) {
    this.mark = mark;
    this.#watcher = new IntersectionObserver((seen) => this.#see(seen), { root: log, threshold: [0, 0.5, 1] });
    addEventListener("focus", () => this.#beginAnew());
    addEventListener("blur", () => this.#beginAnew());
    document.addEventListener("visibilitychange", () => this.#beginAnew());
  }

  watch(message) {
    this.#messages.set(message.node, message);
    this.#watcher.observe(message.node);
  }

  forget(message) {
    this.#messages.delete(message.node);
    this.#watcher.unobserve(message.node);
    this.#seen.delete(message);
  }

  clear() {
    this.#watcher.disconnect();
    this.#messages.clear();
    this.#seen.clear();
  }

  /** Half of it is on the screen, or, if it is long, it fills half of that. */
  #see(seen) {
    for (const { target, isIntersecting, intersectionRatio, intersectionRect, rootBounds } of seen) {
      const message = this.#messages.get(target);
      const isSeen = isIntersecting && (intersectionRatio >= 0.5 || intersectionRect.height > rootBounds.height / 2);
      if (message && isSeen) this.#seen.set(message, this.#seen.get(message) ?? performance.now());
      else this.#seen.delete(message);
    }
    this.#schedule();
  }

  #beginAnew() {
    for (const message of this.#seen.keys()) this.#seen.set(message, performance.now());
    this.#schedule();
  }

  #isLooked() {
    return document.hasFocus() && document.visibilityState === "visible" && !this.staysUnread;
  }

  #schedule() {
    if (this.#timer || this.#seen.size === 0 || !this.#isLooked()) return;
    this.#timer = setTimeout(async () => {
      await this.#markSeen();
      this.#timer = 0;
      this.#schedule();
    }, SEEN_MS);
  }

  async #markSeen() {
    const until = performance.now() - SEEN_MS + 20; // timers are not exact
    const seen = [...this.#seen].filter(([, since]) => since <= until).map(([message]) => message);
    if (seen.length === 0 || !this.#isLooked()) return;
    try {
      await this.mark(seen.reduce((one, other) => (isAfter(one, other) ? one : other)));
    } catch (problem) {
      if (problem.status !== 404) return; // the next round tries again; 404: it was hidden elsewhere
    }
    seen.forEach((message) => this.forget(message));
  }
}
