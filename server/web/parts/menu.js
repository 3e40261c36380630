// SPDX-License-Identifier: MIT
// menu.js - what opens above the page: menus, questions, the list of keys.

const menu = document.getElementById("menu");
let opener = null;

/** Opens a menu at a button; each choice is [icon, text, key or "", function]. */
function openMenu(button, choices) {
  if (menu.matches(":popover-open")) menu.hidePopover();
  opener = button;
  menu.replaceChildren(
    ...choices.map(([picture, text, key, work]) => {
      const item = element("button", { type: "button", role: "menuitem", tabindex: "-1" }, icon(picture), element("span", {}, text));
      if (key) item.append(element("kbd", { "aria-hidden": "true" }, key));
      item.addEventListener("click", () => {
        menu.hidePopover();
        work();
      });
      return item;
    }),
  );
  button.setAttribute("aria-expanded", "true");
  menu.showPopover();
  placeMenu();
  menu.firstElementChild.focus();
}

/** Puts the menu at its button, below if there is room. */
function placeMenu() {
  if (!menu.matches(":popover-open")) return;
  const { right, top, bottom } = opener.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  menu.style.left = `${Math.min(Math.max(8, right - width), innerWidth - width - 8)}px`;
  menu.style.top = `${bottom + 4 + height < innerHeight ? bottom + 4 : Math.max(8, top - height - 4)}px`;
}
addEventListener("resize", placeMenu);

menu.addEventListener("toggle", (event) => {
  if (event.newState === "open") return;
  opener?.setAttribute("aria-expanded", "false");
  if (menu.contains(document.activeElement) || document.activeElement === document.body) opener?.focus();
});

menu.addEventListener("keydown", (event) => {
  const items = [...menu.children];
  const now = items.indexOf(document.activeElement);
  const next = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: -1 }[event.key];
  if (event.key === "Tab") menu.hidePopover();
  if (next === undefined) return;
  event.preventDefault();
  items.at(next % items.length).focus();
});

const dialog = document.getElementById("question");

/** Asks, and gives whether the answer is the button named `yes`. */
function ask(title, text, yes) {
  dialog.querySelector("h2").textContent = title;
  dialog.querySelector("p").textContent = text;
  dialog.querySelector("[value=yes]").textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

for (const each of document.querySelectorAll("dialog"))
  for (const button of each.querySelectorAll("button")) button.addEventListener("click", () => each.close(button.value));

const help = document.getElementById("help");

/** Shows the keys: [key, what it does]. */
function showKeys(keys) {
  help.querySelector("dl").replaceChildren(
    ...keys.map(([key, text]) => element("div", {}, element("dt", {}, element("kbd", {}, key)), element("dd", {}, text))),
  );
  help.showModal();
}

const notice = document.getElementById("notice");
let noticeTimer = 0;

/** Says something for some seconds. */
function say(text) {
  notice.textContent = text;
  notice.classList.add("shown");
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(hush, 6000);
}

function hush() {
  notice.classList.remove("shown");
}
