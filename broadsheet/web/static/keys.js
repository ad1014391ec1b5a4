// Results as you type and a few keys. Everything here also works without it.
"use strict";

// -- keys: / search, j and k move, o open, x the whole abstract, u vote, s save, ? help --------------------------------------------

const papers = () => [...document.querySelectorAll("[data-paper]")].filter((paper) => headline(paper));
const headline = (paper) => paper.querySelector(":is(h2, h3) > a");
let here = null; // the id of the paper the reader has moved to

function show(paper) {
  for (const other of document.querySelectorAll(".here")) other.classList.remove("here");
  if (!paper) return;
  here = paper.dataset.paper;
  paper.classList.add("here");
  headline(paper).focus({ preventScroll: true });
  paper.scrollIntoView({ block: "nearest" });
}

function current() {
  return papers().find((paper) => paper.dataset.paper === here);
}

function move(step) {
  const all = papers();
  const at = all.findIndex((paper) => paper.dataset.paper === here);
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1);
  show(all[next]);
}

function unfold() {
  const whole = current()?.querySelector("details.whole");
  if (whole) whole.open = !whole.open;
}

function search() {
  const box = document.querySelector("input[name=q][type=search]");
  box.focus();
  box.select();
}

// -- votes and saves: the button's own form, sent without leaving the page; where that fails, it is sent as a form ------

function press(kind) {
  current()?.querySelector(`button.${kind}`)?.click();
}

async function act(button) {
  const form = button.form;
  const sent = new URLSearchParams(new FormData(form, button));
  button.disabled = true;
  const answer = await fetch(button.formAction, { method: "POST", body: sent, headers: { Accept: "application/json" } }).catch(() => null);
  button.disabled = false;
  if (!answer?.ok) {
    button.dataset.plain = "yes";
    return form.requestSubmit(button);
  }
  mark(button, await answer.json());
  button.focus({ preventScroll: true });
}

function mark(button, now) {
  button.setAttribute("aria-pressed", String(now.on));
  button.name = now.on ? "undo" : "";
  button.value = now.on ? "1" : "";
  if ("votes" in now) button.querySelector("b").textContent = now.votes.toLocaleString("en");
}

document.querySelector("#act")?.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button?.hasAttribute("aria-pressed") || button.dataset.plain) return;
  event.preventDefault();
  act(button);
});

// -- what is to be fetched: its page looks again by itself, for two minutes ---------------------------------------------

const fetching = document.querySelector("[data-watch]");

async function watch(times) {
  const now = document.hidden ? null : await fetch(`${location.pathname}.json`).then((answer) => answer.json()).catch(() => null);
  if (now?.state && now.state !== fetching.dataset.watch) return location.reload();
  if (times) setTimeout(watch, 2000, times - 1);
}

if (fetching) setTimeout(watch, 1000, 60);

const keys = {
  "/": search,
  j: () => move(1),
  k: () => move(-1),
  o: () => current() && headline(current()).click(),
  x: unfold,
  u: () => press("vote"),
  s: () => press("save"),
  "?": () => document.querySelector("#keys").showModal(),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, dialog");
  if (event.key === "Escape" && typing?.matches("input")) return typing.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
});

for (const link of document.querySelectorAll("[data-keys]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    keys["?"]();
  });
}

// -- results as you type: the list is replaced in place, and an answer that has been overtaken is dropped --------------

const form = document.querySelector("#ask");
const PARTS = ["count", "results", "facets"];
let sequence = 0;
let waiting = null;

function question() {
  const asked = new URLSearchParams(new FormData(form));
  for (const [name, value] of [...asked]) if (!value) asked.delete(name);
  return form.action + (asked.size ? "?" + asked : "");
}

async function look() {
  const mine = ++sequence;
  waiting?.abort();
  waiting = new AbortController();
  const address = question();
  try {
    const answer = await fetch(address, { signal: waiting.signal, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine === sequence && !answer.redirected) put(page, address, answer.ok);
  } catch (error) {
    if (error.name !== "AbortError") tell("The search did not answer. Press Enter to try again.");
  }
}

function put(page, address, ok) {
  if (!ok) return tell(page.querySelector("main h1 + p")?.textContent ?? "The search did not answer.");
  for (const part of PARTS) document.getElementById(part).replaceChildren(...page.getElementById(part).childNodes);
  document.title = page.title;
  history.replaceState(null, "", address);
  current()?.classList.add("here");
}

function tell(words) {
  document.getElementById("count").textContent = words;
}

if (form) {
  let timer = 0;
  form.q.addEventListener("input", (event) => {
    clearTimeout(timer);
    if (!event.isComposing) timer = setTimeout(look, 90);
  });
  form.q.addEventListener("compositionend", look);
}
