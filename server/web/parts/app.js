// SPDX-License-Identifier: MIT
// app.js - the web client: signs in, and connects the inbox, the conversation, the outbox and the stream of events.
import { listen } from "./directmessages-events.js";

const get = (id) => document.getElementById(id);
const MAX_FIELD_HEIGHT = 180;

/** What there is of a user who has signed in. */
let me = null, inbox = null, conversation = null, outbox = null, stop = null;
let entering = 0; // the timer of another attempt to sign in

// ---- signing in

/** The token of the address, which leaves it at once. */
function cutToken() {
  const found = /^#token=(.+)$/.exec(location.hash);
  if (!found) return;
  history.replaceState(null, "", location.pathname + location.search);
  sessionStorage.setItem("token", decodeURIComponent(found[1]));
}

function showSignIn(sentence = "") {
  get("app").hidden = true;
  get("sign-in").hidden = false;
  get("sign-in-problem").textContent = sentence;
  document.title = "Sign in - Messages";
  get("token").focus();
}

/** Ends the session on this page. What was not sent, and drafts, stay until the user comes back, unless they leave. */
function leave(sentence) {
  stop?.();
  outbox?.close();
  stop = me = outbox = null;
  conversation?.close();
  inbox?.clear();
  session.token = "";
  session.isOpen = false;
  sessionStorage.removeItem("token");
  hush();
  showSignIn(sentence);
}

async function enter() {
  clearTimeout(entering);
  session.isOpen = true;
  session.token = sessionStorage.getItem("token") ?? "";
  if (!session.token && !session.mayHaveCookie) return showSignIn();
  get("sign-in-problem").textContent = "";
  try {
    const { id, count } = await call("GET", "unread/");
    const { partner } = await call("GET", `inbox/${id}/`);
    begin(partner, count);
  } catch (problem) {
    if (problem.status === 401) return; // leave() was called
    showSignIn(problem.status ? problem.message : "The server can't be reached. Trying again.");
    if (isTemporary(problem)) entering = setTimeout(enter, problem.wait || 2000);
  }
}

function begin(user, count) {
  if (me) return;
  me = user;
  get("sign-in").hidden = true;
  get("token").value = "";
  get("app").hidden = false;
  get("me").replaceChildren(avatar(me), element("bdi", {}, nameOf(me)));
  showCount(count);
  outbox = new Outbox(me.id, {
    changed(item) {
      if (item.to === conversation.partner?.id) conversation.updatePending(item);
      else if (item.problem) say(`A message was not sent: ${item.problem}`);
      inbox.redraw(item.to);
    },
    sent(item, message) {
      if (item.to === conversation.partner?.id) conversation.settle(item, message);
      inbox.refresh(item.to);
    },
  });
  inbox ??= new Inbox({
    changed: (entry) => entry.partner.id === conversation.partner?.id && showPartner(entry),
    hasFailed: (partner) => outbox?.of(partner).some((item) => item.problem),
  });
  conversation ??= new Conversation();
  conversation.outbox = outbox;
  stop = listen({
    url: `${session.base}events/`,
    headers: authorization,
    shared: `user ${me.id}`,
    load,
    event: hear,
    state(live) {
      get("banner").hidden = live;
      get("banner").textContent = "No connection to the server. Trying again.";
      if (live) outbox.wake();
    },
    refused(status, detail) {
      if (status === 401) return leave(detail);
      load();
      get("banner").textContent = `No live updates: ${detail} Load the page again to see what is new.`;
      get("banner").hidden = false;
    },
  });
}

/** Loads all that is shown; at the start, when the stream is there. */
function load() {
  inbox.load();
  countUnread();
  if (conversation.partner) conversation.load();
  else follow();
}

// ---- events

function partnerOf(name, data) {
  return data.partner_id ?? (data.direction === "in" ? data.sender : data.recipient);
}

function hear(name, data) {
  const partner = partnerOf(name, data);
  if (partner === conversation.partner?.id) conversation.hear(name, data);
  inbox.refresh(partner);
  if (name !== "message_sent" || data.direction === "in") countUnread();
}

const countUnread = coalesced(async () => showCount((await call("GET", "unread/")).count));

function showCount(count) {
  if (!me) return;
  const name = conversation?.partner ? `${nameOf(conversation.partner)} - Messages` : "Messages";
  countUnread.last = count;
  document.title = count > 0 ? `(${count}) ${name}` : name;
}

// ---- which conversation is open

/** Opens the conversation that the address names. */
async function follow() {
  cutToken();
  if (sessionStorage.getItem("token") !== (session.token || null)) return location.reload();
  const name = /^#@(.+)$/.exec(location.hash)?.[1];
  if (!name) return showInbox();
  try {
    const entry = await call("GET", `inbox/@${name}/`);
    if (!me || /^#@(.+)$/.exec(location.hash)?.[1] !== name) return;
    if (entry.partner.id === me.id) turnBack("That is you.");
    else showConversation(entry);
  } catch (problem) {
    if (!me) return;
    if (isTemporary(problem)) setTimeout(() => me && location.hash === `#@${name}` && follow(), 2000);
    else turnBack(problem.status === 404 ? `There is nobody called @${decodeURIComponent(name)}.` : problem.message);
  }
}

/** The address leads nowhere. */
function turnBack(sentence) {
  say(sentence);
  history.replaceState(null, "", location.pathname);
  showInbox();
}

function showInbox() {
  conversation.close();
  inbox.select(null);
  get("app").dataset.view = "inbox";
  get("talk").hidden = true;
  get("nobody").hidden = false;
  showCount(countUnread.last);
}

function showConversation(entry) {
  const isNew = conversation.partner?.id !== entry.partner.id;
  get("app").dataset.view = "talk";
  get("talk").hidden = false;
  get("nobody").hidden = true;
  if (isNew) {
    conversation.open(entry.partner);
    field.value = sessionStorage.getItem(draftName()) ?? "";
    fit();
    if (!matchMedia("(pointer: coarse)").matches) field.focus({ preventScroll: true }); // a keyboard on the screen hides much
  }
  inbox.select(entry.partner.id);
  showPartner(entry);
  showCount(countUnread.last);
}

/** The head of the conversation, and whether something can be written. */
function showPartner({ partner, blocked }) {
  conversation.isBlocked = blocked;
  get("partner").replaceChildren(
    avatar(partner),
    element("span", { class: "words" }, element("bdi", { class: "name" }, nameOf(partner)), element("bdi", { class: "username" }, `@${partner.username}`)),
  );
  get("blocked").hidden = !blocked;
  get("composer").hidden = blocked;
}

// ---- writing

const field = get("content");
const draftName = () => `draft ${me.id} ${conversation.partner.id}`;

/** As high as what is written. */
function fit() {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, MAX_FIELD_HEIGHT)}px`;
  get("send").disabled = field.value.trim() === "";
}

function send() {
  const content = field.value;
  if (content.trim() === "") return;
  conversation.showPending(outbox.add(conversation.partner.id, content));
  conversation.reading.staysUnread = false;
  conversation.toEnd();
  field.value = "";
  sessionStorage.removeItem(draftName());
  fit();
  field.focus();
}

field.addEventListener("input", () => {
  if (field.value) sessionStorage.setItem(draftName(), field.value);
  else sessionStorage.removeItem(draftName());
  fit();
});
field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});
get("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});

// ---- what can be done with conversations and messages

/** Does it, and says why it could not be done. */
async function attempt(work) {
  try {
    await work();
  } catch (problem) {
    if (me) say(problem.status ? problem.message : "The server can't be reached.");
  }
}

const doing = {
  unread: (message) => attempt(() => conversation.markUnread(message)),
  hide: (message) => attempt(() => conversation.hide(message)),
  block: () =>
    attempt(async () => {
      const { partner, isBlocked } = conversation;
      const name = nameOf(partner);
      if (!isBlocked && !(await ask(`Block ${name}?`, "Neither of you can send to the other until you unblock.", "Block"))) return;
      await call(isBlocked ? "DELETE" : "PUT", `blocks/${partner.id}/`);
      inbox.refresh(partner.id);
      countUnread();
    }),
  hideAll: () =>
    attempt(async () => {
      const { partner } = conversation;
      const text = `All messages disappear for you. ${nameOf(partner)} keeps them.`;
      if (!(await ask("Hide this conversation?", text, "Hide"))) return;
      await call("DELETE", `conversations/${partner.id}/`);
      inbox.refresh(partner.id);
      location.hash = "";
    }),
  leave() {
    for (const name of Object.keys(sessionStorage)) sessionStorage.removeItem(name);
    outbox.close();
    leave("");
  },
};

/** Key, what it does, whether it can be done now, function. Letters alone count only outside of fields. */
const KEYS = [
  ["n", "New conversation", () => true, () => get("to").focus()],
  ["i", "Go to the inbox", () => true, () => inbox.focus()],
  ["m", "Write a message", () => conversation.partner, () => field.focus()],
  ["↑ ↓", "Move in the inbox or among the messages", () => false],
  ["u", "Mark as unread, from the message that has the focus", () => conversation.partner, () => doing.unread(focusedMessage())],
  ["x", "Hide the message that has the focus", () => focusedMessage(), () => doing.hide(focusedMessage())],
  ["h", "Hide the conversation", () => conversation.partner, () => doing.hideAll()],
  ["b", "Block or unblock", () => conversation.partner, () => doing.block()],
  ["Esc", "Back to the inbox", () => false],
  ["?", "Show these keys", () => true, () => showKeys(KEYS)],
];

function focusedMessage() {
  const node = conversation.focused();
  return node ? conversation.messageOf(node) : undefined;
}

document.addEventListener("keydown", (event) => {
  const isWriting = event.target.closest("input, textarea");
  if (!me || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open], :popover-open")) return;
  if (event.key === "Escape" && conversation.partner) {
    location.hash = "";
    inbox.focus();
    return;
  }
  const row = !isWriting && get("use-keys").checked && KEYS.find(([key, , may]) => key === event.key && may());
  if (!row) return;
  event.preventDefault();
  row[3]();
});

get("log").addEventListener("keydown", (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step || event.target.closest("a, button")) return;
  event.preventDefault();
  conversation.moveFocus(step);
});

// One button for the messages: it goes to the one that the pointer or the focus is on.
const more = get("message-more");
function offer(event) {
  const node = event.target.closest?.("#pages .message");
  if (node && more.parentElement !== node) node.append(more);
  more.hidden = !node && !more.contains(event.target);
}
get("log").addEventListener("pointerover", offer);
get("log").addEventListener("focusin", offer);
get("log").addEventListener("pointerleave", () => (more.hidden = !more.parentElement.contains(document.activeElement)));
more.addEventListener("click", () => {
  const message = conversation.messageOf(more.parentElement);
  const choices = [["hide", "Hide this message", "x", () => doing.hide(message)]];
  if (message.direction === "in") choices.unshift(["unread", "Mark unread from here", "u", () => doing.unread(message)]);
  openMenu(more, choices);
});

get("talk-more").addEventListener("click", (event) =>
  openMenu(event.currentTarget, [
    ["unread", "Mark as unread", "u", () => doing.unread()],
    ["hide", "Hide conversation", "h", doing.hideAll],
    ["block", conversation.isBlocked ? "Unblock" : "Block", "b", doing.block],
  ]),
);
get("unblock").addEventListener("click", doing.block);
get("inbox-more").addEventListener("click", (event) =>
  openMenu(event.currentTarget, [
    ["keys", "Keys", "?", () => showKeys(KEYS)],
    ["leave", "Sign out", "", doing.leave],
  ]),
);

get("start").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = get("to").value.trim().replace(/^@/, "");
  if (!name) return;
  get("to").value = "";
  const hash = hashOf({ username: name });
  if (location.hash === hash) field.focus();
  else location.hash = hash;
});
for (const radio of document.querySelectorAll("[name=filter]")) radio.addEventListener("change", () => inbox.show(radio.value));
get("back").addEventListener("click", () => (location.hash = ""));
get("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = get("token").value.trim();
  if (!token) return;
  sessionStorage.setItem("token", token);
  enter();
});

// ---- the start

addEventListener("hashchange", () => {
  cutToken();
  if (me) follow();
  else if (sessionStorage.getItem("token")) enter();
});

/** Asks the server where its API is. */
async function start() {
  try {
    const settings = await (await fetch("settings.json")).json();
    session.base = settings.api;
    session.mayHaveCookie = settings.session;
    enter();
  } catch {
    showSignIn("The server can't be reached. Trying again.");
    setTimeout(start, 2000);
  }
}

get("use-keys").checked = localStorage.getItem("keys") !== "off";
get("use-keys").addEventListener("change", (event) => localStorage.setItem("keys", event.target.checked ? "on" : "off"));
cutToken();
session.refused = leave;
start();
