// Checks the code that led here. What stands behind # stays in this script: it is in no request and in no store, and
// all of it is shown as text, never as HTML.

import { Refusal, check, marked, read } from "./pocket.js";
import { HEADINGS, LABELS, OUTCOMES, keysTold, proven, unproven } from "./words.js";

const LANGUAGES = ["zh-CN", "en"];
let newest = 0;

async function show() {
  const turn = ++newest;
  tell({ outcome: "checking" }); // what was found of another code is gone before this one is looked at
  const finding = await find(location.hash.slice(1));
  if (turn === newest) tell(finding);
}

function tell(finding) {
  const main = document.querySelector("main");
  main.replaceChildren(...LANGUAGES.map((_, at) => section(finding, at)));
  main.dataset.outcome = finding.outcome;
}

async function find(digits) {
  try {
    const pocket = read(digits);
    const { by, keys, keptAt } = await trust();
    await check(pocket, keys);
    return { outcome: "holds", proven: proven(pocket, by), unproven: unproven(pocket), keys: keysTold(keptAt) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { outcome: error.code };
  }
}

async function trust() {
  try {
    const answer = await fetch("/v1/trust", { cache: "no-cache", credentials: "omit" });
    const published = await answer.json();
    const by = published.log.origin.replace(/\/log$/, "");
    return { by, keys: published.credentials.keys.map(marked), keptAt: answer.headers.get("luban-kept-at") };
  } catch {
    throw new Refusal("no-keys");
  }
}

function section(finding, at) {
  const [verdict, title, ...why] = OUTCOMES[finding.outcome];
  const made = element("section", "", element("h1", title[at]), ...why.map((each) => element("p", each[at])));
  made.lang = LANGUAGES[at];
  made.dataset.verdict = verdict;
  if (finding.proven) made.append(...shown(finding, at));
  return made;
}

function shown(finding, at) {
  const rows = finding.proven.flatMap(([label, texts]) => [element("dt", LABELS[label][at]), element("dd", texts[at])]);
  const others = finding.unproven.map((texts) => element("li", texts[at]));
  return [
    element("h2", HEADINGS.proven[at]),
    element("dl", "", ...rows),
    element("h2", HEADINGS.unproven[at]),
    element("ul", "", ...others),
    element("p", finding.keys[at]),
  ];
}

function element(name, text, ...children) {
  const made = document.createElement(name);
  made.textContent = text;
  made.append(...children);
  return made;
}

async function keepForOffline() {
  if (!("serviceWorker" in navigator)) return;
  // Codes have the address in capitals; people type small letters.
  await Promise.all(["/V", "/v"].map((scope) => navigator.serviceWorker.register("/v/worker.js", { scope })));
  await navigator.serviceWorker.ready;
  for (const each of document.querySelectorAll("#offline, #offline-en")) each.hidden = false;
}

addEventListener("hashchange", show);
show();
keepForOffline().catch(() => {}); // where it is refused, as in a private window, the page works with a network
