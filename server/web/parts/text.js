// SPDX-License-Identifier: MIT
// text.js - from data to what is shown: elements, names, times, links. Data becomes text, never HTML.

/** An element. `attributes` that are undefined or false are left out, true is an attribute without a value. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  made.append(...children);
  return made;
}

/** Calls `more` when the end of a list comes near; what it gives looks again, after the list has grown. */
function atEnd(list, end, more) {
  const observer = new IntersectionObserver((seen) => seen.at(-1).isIntersecting && more(), { root: list, rootMargin: "900px" });
  const look = () => {
    observer.unobserve(end); // it reports changes alone, and the first look
    observer.observe(end);
  };
  look();
  return look;
}

/** An icon of the page, by the id of its symbol. */
function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

// What can't be seen or turns the direction of writing ends a link, so that it shows where it leads.
const LINK = /\bhttps?:\/\/[^\s<>"'`\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/gi;

/** The part of a link that was meant: no full stop behind it, no bracket that was opened before it. */
function trimmed(link) {
  for (;;) {
    const last = link.at(-1);
    const opening = { ")": "(", "]": "[", "}": "{" }[last];
    if (opening ? link.split(last).length > link.split(opening).length : /[.,:;!?*_~]/.test(last)) link = link.slice(0, -1);
    else return link;
  }
}

/** The address of a link; null if it is none, or pretends to be another: "https://bank.example@elsewhere". */
function address(link) {
  try {
    const url = new URL(link);
    return url.username || url.password ? null : url.href;
  } catch {
    return null;
  }
}

/** The text as nodes, with links for the addresses in it. */
function linked(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const link = trimmed(match[0]);
    const href = address(link);
    if (!href) continue;
    nodes.push(text.slice(end, match.index), element("a", { href, title: href, target: "_blank", rel: "noopener noreferrer nofollow" }, link));
    end = match.index + link.length;
  }
  return [...nodes, text.slice(end)];
}

/** What a user is called: the full name, or the username. */
function nameOf(user) {
  return `${user.first_name} ${user.last_name}`.trim() || user.username || `user ${user.id}`;
}

/** A circle with the first letters of the name, always of the same colour. */
function avatar(user) {
  const letters = nameOf(user)
    .split(/\s+/)
    .map((word) => /[\p{L}\p{N}]/u.exec(word)?.[0] ?? Array.from(word)[0]);
  const shown = letters.length > 1 ? letters[0] + letters.at(-1) : letters[0];
  return element("span", { class: `avatar hue-${user.id % 8}`, "aria-hidden": "true" }, shown.toUpperCase());
}

const language = navigator.languages;
const clock = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(language, { weekday: "long" });
const longDate = { weekday: "long", day: "numeric", month: "long" };
const shortDate = { day: "numeric", month: "short" };
const moment = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" });

/** Days from then to today, by the calendar. */
function daysAgo(time) {
  const midnight = (value) => Date.UTC(value.getFullYear(), value.getMonth(), value.getDate());
  return Math.round((midnight(new Date()) - midnight(time)) / 86_400_000);
}

/** A date, with the year if it is another. */
function dateText(time, parts) {
  const year = time.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(language, { ...parts, year }).format(time);
}

/** The day of a message, for the line above it. */
function dayOf(time) {
  const ago = daysAgo(time);
  if (ago === 0) return "Today";
  if (ago === 1) return "Yesterday";
  return ago > 1 && ago < 7 ? weekday.format(time) : dateText(time, longDate);
}

/** A <time> of a message: with the hour, or in the inbox with what fits. */
function timeElement(time, inInbox = false) {
  const ago = daysAgo(time);
  let shown = clock.format(time);
  if (inInbox && ago !== 0) shown = ago === 1 ? "Yesterday" : ago > 1 && ago < 7 ? weekday.format(time) : dateText(time, shortDate);
  return element("time", { datetime: time.toISOString(), title: moment.format(time) }, shown);
}

/** Messages in the order of (sent_at, id). Times are text; a fraction of zero is left out of it, and Z sorts behind it. */
function isAfter(one, other) {
  const [left, right] = [one, other].map((message) => message.sent_at.replace("Z", ""));
  return left === right ? one.id > other.id : left > right;
}
