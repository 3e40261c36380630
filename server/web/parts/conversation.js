// SPDX-License-Identifier: MIT
// conversation.js - the messages with one partner, newest at the bottom.
//
// The log is a flex box in reverse, so the browser measures its place from the bottom: what is added at the top moves
// nothing. Each older page is a box that the browser lays out only near the screen, so ten thousand messages cost little.

const PAGE = "?mark_read=false&page_size=50";
const TOGETHER_MS = 5 * 60_000; // messages of one side that are closer than this stand together

class Conversation {
  partner = null; // whose conversation is open
  #messages = []; // in order, those that are loaded: the message, its node, maybe the line of its day above it
  #known = new Map(); // the same by their ids
  #next = null; // the path of the next older page
  #early = null; // events that came while the first page was being loaded
  #log = document.getElementById("log");
  #pages = document.getElementById("pages");
  #pending = document.getElementById("pending");
  #start = document.getElementById("log-start");
  #below = document.getElementById("below");
  #line = element("div", { class: "line new", role: "separator" }, element("span", {}, "New"));
  #waiting = 0; // messages below that have not been on the screen
  #isUnsent = false; // something below has failed, and that has not been on the screen

  outbox = null; // what is not sent yet

  constructor() {
    this.reading = new Reading(this.#log, (message) => this.#markRead(message));
    this.older = atEnd(this.#log, this.#start, () => this.#older());
    this.#log.addEventListener("scroll", () => this.isAtEnd() && this.#count(0), { passive: true });
    this.#below.addEventListener("click", () => this.toEnd());
  }

  open(partner) {
    this.close();
    this.partner = partner;
    this.reading.staysUnread = false;
    for (const item of this.outbox.of(partner.id)) this.showPending(item);
    return this.load();
  }

  close() {
    this.partner = this.#early = null;
    this.#isUnsent = false;
    this.#clear();
    this.#pending.replaceChildren();
  }

  /** Loads the newest page anew. */
  load = coalesced(async () => {
    const partner = this.partner;
    if (!partner) return;
    const early = (this.#early = []);
    const path = `conversations/${partner.id}/${PAGE}`;
    this.#log.setAttribute("aria-busy", "true");
    try {
      const page = await call("GET", path);
      if (this.#early !== early) return;
      this.#clear();
      this.#prepend(path, page);
      if (this.#line.isConnected) this.#line.scrollIntoView({ block: "center" });
    } finally {
      if (this.#early === early) {
        this.#early = null;
        for (const [name, data] of early) this.hear(name, data);
        this.#log.removeAttribute("aria-busy");
      }
    }
  });

  /** An event that concerns this conversation. */
  hear(name, data) {
    if (this.#early) return void this.#early.push([name, data]);
    if (name === "conversation_hidden") return void this.load();
    if (name === "message_hidden") return void this.#remove(data.id);
    if (name === "message_sent") return void this.add(data);
    if (this.#known.has(data.id)) this.#update(data);
    if (name === "message_unread") this.#markLine();
  }

  /** A message that was sent just now, by either side. */
  add(message) {
    if (this.#known.has(message.id)) return void this.#update(message);
    const wasAtEnd = this.isAtEnd();
    const stay = this.#place();
    const begins = !document.hasFocus() && !this.#messages.some((one) => this.#isUnread(one));
    const place = this.#messages.findLastIndex((one) => isAfter(message, one)) + 1;
    if (place === 0 && this.#next) return; // an older page has it
    this.#draw(message);
    const after = this.#messages[place];
    this.#messages.splice(place, 0, message);
    if (after) (after.separator ?? after.node).before(message.node);
    else this.#lastPage().append(message.node);
    this.#join(place);
    this.#join(place + 1);
    if (message.direction === "out") {
      this.#line.remove();
      this.#cover(message);
    } else {
      if (begins) this.#markLine();
      if (!wasAtEnd) this.#count(this.#waiting + 1);
    }
    stay();
  }

  /** What is not sent yet stands below, until its message has come. */
  showPending(item) {
    const node = element("article", { class: "message out pending", "data-key": item.key });
    const bubble = element("div", { class: "bubble", dir: "auto" }, ...linked(item.content));
    const state = element("span", { class: "state", role: "status" });
    node.append(element("span", { class: "unseen" }, "You: "), bubble, element("footer", {}, state));
    this.#pending.append(node);
    this.updatePending(item);
    return node;
  }

  updatePending(item) {
    const node = [...this.#pending.children].find((one) => one.dataset.key === item.key);
    if (!node) return;
    const stay = this.#place();
    node.hidden &&= !item.problem;
    node.classList.toggle("failed", item.problem !== "");
    const state = node.querySelector(".state");
    if (!item.problem) state.replaceChildren(item.waits ? "Waiting for the network" : "Sending");
    else this.#showProblem(node, state, item);
    stay();
  }

  /** Says why, and what can be done; also to those who look at older messages. */
  #showProblem(node, state, item) {
    const button = (text, work) => {
      const made = element("button", { type: "button", class: "plain" }, text);
      made.addEventListener("click", work);
      return made;
    };
    const retry = button("Retry", () => {
      node.remove();
      this.outbox.retry(item);
      this.showPending(item);
    });
    const discard = button("Discard", () => {
      node.remove();
      this.outbox.discard(item);
    });
    state.replaceChildren(element("span", {}, icon("warning"), "Not sent. ", item.problem), retry, discard);
    this.#isUnsent ||= !this.isAtEnd();
    this.#count(this.#waiting);
  }

  /** The item is stored as this message. */
  settle(item, message) {
    [...this.#pending.children].find((one) => one.dataset.key === item.key)?.remove();
    if (this.#early) this.#early.push(["message_sent", message]);
    else this.add(message);
  }

  /** The element of the message that has the focus, or none. */
  focused() {
    return document.activeElement?.closest?.("#pages .message") ?? null;
  }

  /** The message that an element stands for. */
  messageOf(node) {
    return this.#known.get(Number(node.dataset.id));
  }

  /** Moves the focus among the messages; from elsewhere to the newest. */
  moveFocus(step) {
    const now = this.#messages.findIndex((one) => one.node === this.focused());
    const next = now < 0 ? this.#messages.at(-1) : this.#messages[now + step];
    next?.node.focus();
    next?.node.scrollIntoView({ block: "nearest" });
  }

  isAtEnd() {
    return this.#log.scrollTop > -60;
  }

  /** A function that keeps in its place what is looked at, after a change below; at the end, the end stays. */
  #place() {
    if (this.isAtEnd()) return () => {};
    const height = this.#log.scrollHeight;
    return () => (this.#log.scrollTop -= this.#log.scrollHeight - height);
  }

  toEnd() {
    this.#log.scrollTop = 0;
    this.#count(0);
  }

  /** Hides a message from the user. */
  async hide(message) {
    const place = this.#messages.indexOf(message);
    await call("DELETE", `messages/${message.id}/`);
    this.#remove(message.id);
    (this.#messages[place] ?? this.#messages[place - 1])?.node.focus();
  }

  /** Marks as unread, from a message on or the newest; it stays so until the user comes back to the conversation. */
  async markUnread(message) {
    this.reading.staysUnread = true;
    await call("POST", `conversations/${this.partner.id}/unread/`, { json: message ? { from: message.id } : {} });
  }

  // ---- what is shown

  #clear() {
    this.reading.clear();
    this.#messages = [];
    this.#known.clear();
    this.#next = null;
    this.#line.remove();
    this.#pages.replaceChildren();
    this.#count(0);
  }

  #lastPage() {
    const last = this.#pages.lastElementChild;
    if (last && last.childElementCount < 120) return last;
    return this.#pages.appendChild(element("div", { class: "page" }));
  }

  /** Puts a page of older messages on top of those that are there. */
  #prepend(path, page) {
    const older = page.results.filter((message) => !this.#known.has(message.id)).reverse();
    const box = element("div", { class: this.#messages.length > 0 ? "page old" : "page" });
    this.#next = nextPath(path, page);
    older.forEach((message) => this.#draw(message));
    box.append(...older.map((message) => message.node));
    this.#pages.prepend(box);
    this.#messages = [...older, ...this.#messages];
    for (let i = 0; i <= older.length; i++) this.#join(i);
    this.#start.hidden = !this.#next;
    this.#markLine(older);
    this.older();
  }

  async #older() {
    const path = this.#next;
    if (!path || this.#early) return;
    this.#next = null;
    this.#log.setAttribute("aria-busy", "true");
    try {
      const page = await call("GET", path);
      if (this.#next === null && path.startsWith(`conversations/${this.partner?.id}/`)) this.#prepend(path, page);
    } catch {
      this.#next = path;
      setTimeout(this.older, 3000);
    }
    this.#log.removeAttribute("aria-busy");
  }

  #draw(message) {
    const time = new Date(message.sent_at);
    const footer = element("footer", {}, timeElement(time));
    message.time = time;
    message.day = time.toDateString();
    message.ticks = message.direction === "out" ? footer.appendChild(element("span", { class: "ticks", role: "img" })) : null;
    message.node = element("article", { class: `message ${message.direction}`, "data-id": String(message.id), tabindex: "-1" });
    message.node.append(
      element("span", { class: "unseen" }, message.direction === "out" ? "You: " : `${nameOf(this.partner)}: `),
      element("div", { class: "bubble", dir: "auto" }, ...linked(message.content)),
      footer,
    );
    this.#known.set(message.id, message);
    this.#update(message);
  }

  /** Shows whether a message is read. */
  #update({ id, read_at }) {
    const message = this.#known.get(id);
    message.read_at = read_at;
    if (message.ticks) {
      message.ticks.setAttribute("aria-label", read_at ? "read" : "sent");
      message.ticks.classList.toggle("read", read_at !== null);
    } else if (this.#isUnread(message)) {
      this.reading.watch(message);
    } else {
      this.reading.forget(message);
    }
  }

  #remove(id) {
    const message = this.#known.get(id);
    if (!message) return;
    const place = this.#messages.indexOf(message);
    this.reading.forget(message);
    message.separator?.remove();
    message.node.remove();
    this.#messages.splice(place, 1);
    this.#known.delete(id);
    this.#join(place);
  }

  /** What lies between a message and the one before it: the line of a new day, or nothing. */
  #join(place) {
    const message = this.#messages[place];
    const before = this.#messages[place - 1];
    if (!message) return void before?.node.classList.remove("followed");
    const isNewDay = before?.day !== message.day;
    if (isNewDay && !message.separator) {
      message.separator = element("div", { class: "line day", role: "separator" }, element("span", {}, dayOf(message.time)));
      message.node.before(message.separator);
    } else if (!isNewDay && message.separator) {
      message.separator.remove();
      message.separator = null;
    }
    const isClose = !isNewDay && before.direction === message.direction && message.time - before.time < TOGETHER_MS;
    message.node.classList.toggle("follows", isClose);
    before?.node.classList.toggle("followed", isClose);
  }

  /** Puts the line where what is unread begins. */
  #markLine(among = this.#messages) {
    among.find((message) => this.#isUnread(message))?.node.before(this.#line);
  }

  #isUnread(message) {
    return message.direction === "in" && message.read_at === null;
  }

  /** The message of something that is not sent yet has come by the stream, before its response: one of them is shown. */
  #cover(message) {
    const same = this.outbox.of(this.partner.id).find((item) => item.content === message.content && !item.problem);
    const node = same && [...this.#pending.children].find((one) => one.dataset.key === same.key);
    if (node) node.hidden = true;
  }

  async #markRead(message) {
    await call("POST", `conversations/${this.partner.id}/read/`, { json: { up_to: message.id } });
  }

  #count(waiting) {
    this.#waiting = waiting;
    this.#isUnsent &&= !this.isAtEnd();
    this.#below.hidden = waiting === 0 && !this.#isUnsent;
    this.#below.classList.toggle("failed", this.#isUnsent);
    const told = waiting === 1 ? "1 new message" : `${waiting} new messages`;
    this.#below.querySelector("span").textContent = this.#isUnsent ? "A message was not sent" : told;
  }
}
