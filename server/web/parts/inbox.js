// SPDX-License-Identifier: MIT
// inbox.js - the list of conversations, newest activity first.
//
// Its rows are in groups, which the browser lays out only near the screen. It looks at each group in each frame, so a group
// for each row would cost more than it saves, in the conversation too.

const PREVIEW = 120;
const GROUP = 25; // rows
const FILTERS = { all: "", unread: "&unread=true", blocked: "&blocked=true" };
const NOTHING = { all: "Nobody has written yet. Start with somebody's @name.", unread: "Nothing is unread.", blocked: "You block nobody." };

/** The address of a conversation, behind the # of the page's. */
function hashOf(user) {
  return `#@${encodeURIComponent(user.username)}`;
}

class Inbox {
  #rows = new Map(); // by the partner's id: the entry, its item of the list, and a function that asks for it anew
  #list = document.getElementById("inbox");
  #items = this.#list.getElementsByClassName("item");
  #end = document.getElementById("inbox-end");
  #nothing = document.getElementById("inbox-nothing");
  #filter = "all";
  #next = null; // the path of the next page
  #loading = null;
  #current = null; // the partner whose conversation is open

  /** `changed(entry)` hears of each entry that came anew; `hasFailed(partner)`: was something not sent? */
  constructor({ changed, hasFailed }) {
    this.changed = changed;
    this.hasFailed = hasFailed;
    this.more = atEnd(this.#list.parentElement, this.#end, () => this.#more());
    this.#list.addEventListener("keydown", (event) => this.#move(event));
  }

  /** Loads the list anew. */
  load = coalesced(async () => {
    const wanted = (this.#loading = Symbol());
    const path = this.#path();
    const page = await call("GET", path);
    if (wanted !== this.#loading) return;
    this.#loading = null;
    const touched = [...this.#rows].filter(([, row]) => row.isTouched).map(([id]) => id);
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#list.parentElement.scrollTop = 0;
    this.#append(path, page);
    touched.forEach((id) => this.refresh(id));
  });

  show(filter) {
    if (filter !== this.#filter) this.clear();
    this.#filter = filter;
    this.load();
  }

  clear() {
    this.#loading = this.#next = null;
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#nothing.hidden = true;
  }

  /** Something has changed between the user and this partner. */
  refresh(id) {
    const row = this.#rows.get(id) ?? this.#row(id);
    row.isTouched = this.#loading !== null;
    row.refresh();
  }

  /** Whether something was not sent to this partner has changed. */
  redraw(id) {
    const row = this.#rows.get(id);
    if (row?.node) this.#place(row, row.entry);
  }

  /** Marks the one whose conversation is open; null: none is. */
  select(id) {
    const before = this.#rows.get(this.#current)?.node;
    before?.firstElementChild.removeAttribute("aria-current");
    this.#current = id;
    this.#rows.get(id)?.node?.firstElementChild.setAttribute("aria-current", "true");
  }

  focus() {
    (this.#rows.get(this.#current)?.node ?? this.#items[0])?.firstElementChild.focus();
  }

  #path() {
    return `inbox/?page_size=50&preview=${PREVIEW}${FILTERS[this.#filter]}`;
  }

  #row(id) {
    const row = { entry: null, node: null, isTouched: false };
    row.refresh = coalesced(async () => {
      const entry = await call("GET", `inbox/${id}/?preview=${PREVIEW}`);
      if (this.#rows.get(id) !== row) return; // the list was loaded meanwhile, and this one asked for again
      this.#place(row, entry);
      this.changed(entry);
    });
    this.#rows.set(id, row);
    return row;
  }

  #append(path, page) {
    this.#next = nextPath(path, page);
    for (const entry of page.results) {
      const row = this.#rows.get(entry.partner.id) ?? this.#row(entry.partner.id);
      if (row.node) continue; // it has come by an event
      this.#draw(row, entry);
      this.#insert(row.node);
    }
    this.#tell();
    this.more();
  }

  async #more() {
    const path = this.#next;
    if (!path) return;
    this.#next = null;
    try {
      const page = await call("GET", path);
      if (this.#next === null && this.#loading === null) this.#append(path, page);
    } catch {
      this.#next = path;
      setTimeout(this.more, 3000);
    }
  }

  #belongs(entry) {
    if (!entry.last_message) return false;
    if (this.#filter === "blocked") return entry.blocked;
    return !entry.blocked && (this.#filter === "all" || entry.unread_count > 0 || entry.partner.id === this.#current);
  }

  /** Puts an entry where it belongs now. */
  #place(row, entry) {
    const hadFocus = row.node?.contains(document.activeElement);
    const group = row.node?.parentElement;
    row.node?.remove();
    if (group?.childElementCount === 0) group.remove();
    if (!this.#belongs(entry)) {
      row.node = null;
      this.#tell();
      return;
    }
    this.#draw(row, entry);
    const isNewer = (one) => isAfter(entry.last_message, this.#rows.get(Number(one.dataset.partner)).entry.last_message);
    const before = [...this.#items].find(isNewer);
    if (before || !this.#next) this.#insert(row.node, before);
    else row.node = null; // a later page has it
    if (hadFocus) row.node?.firstElementChild.focus();
    this.#tell();
  }

  /** Puts a row before another, or at the end. At either end of a full group a new one begins. */
  #insert(node, before) {
    const group = before?.parentElement ?? this.#list.lastElementChild;
    const hasRoom = group?.childElementCount < GROUP || before?.previousElementSibling;
    if (hasRoom) group.insertBefore(node, before ?? null);
    else this.#list.insertBefore(element("div", { class: "group" }, node), before ? group : null);
  }

  #draw(row, entry) {
    const { partner, last_message: last, unread_count: unread } = entry;
    const isCurrent = partner.id === this.#current;
    const top = element("span", { class: "top" }, element("bdi", { class: "name" }, nameOf(partner)));
    const bottom = element("span", { class: "bottom" });
    if (last) {
      top.append(timeElement(new Date(last.sent_at), true));
      bottom.append(element("bdi", { class: "preview" }, last.direction === "out" ? "You: " : "", last.content.replace(/\s+/g, " ")));
    }
    if (this.hasFailed(partner.id)) bottom.prepend(element("span", { class: "unsent" }, icon("warning"), "Not sent"));
    if (unread > 0)
      bottom.append(element("span", { class: "badge" }, String(unread), element("span", { class: "unseen" }, " unread")));
    const link = element("a", { href: hashOf(partner), class: unread > 0 ? "row unread" : "row", "aria-current": isCurrent && "true" });
    link.append(avatar(partner), element("span", { class: "words" }, top, bottom));
    row.entry = entry;
    row.node = element("div", { class: "item", role: "listitem", "data-partner": String(partner.id) }, link);
  }

  #tell() {
    this.#nothing.hidden = this.#items.length > 0 || this.#next !== null;
    this.#nothing.textContent = NOTHING[this.#filter];
    this.#end.hidden = this.#next === null;
  }

  #move(event) {
    const now = [...this.#items].indexOf(event.target.closest(".item"));
    const next = this.#items[{ ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: this.#items.length - 1 }[event.key]];
    if (!next) return;
    event.preventDefault();
    next.firstElementChild.focus();
  }
}
