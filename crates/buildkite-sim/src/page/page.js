// Keeps a page up to date: fetches it again without its log, swaps the parts that change, and asks
// for the lines of the log that are not there yet. Without it the page reads the same after a reload.
"use strict";

const PARTS = ["builds", "head", "annotations", "steps", "job-head"];
const INTERVAL = 1000;

function swap(id, fresh) {
  const mine = document.getElementById(id);
  const theirs = fresh.getElementById(id);
  // A form that somebody fills in stays, and so do unfolded parts.
  if (!mine || !theirs || mine.innerHTML === theirs.innerHTML) return;
  if (mine.contains(document.activeElement) && document.activeElement.closest("form.question")) return;
  const open = [...mine.querySelectorAll("details")].map((part) => part.open);
  mine.innerHTML = theirs.innerHTML;
  mine.querySelectorAll("details").forEach((part, index) => (part.open = open[index] ?? part.open));
}

async function refresh() {
  const address = new URL(location.href);
  const shown = document.getElementById("job");
  if (shown) address.searchParams.set("job", shown.dataset.job);
  address.searchParams.set("without", "log");
  const answer = await fetch(address);
  if (!answer.ok) return true;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  PARTS.forEach((id) => swap(id, fresh));
  document.title = fresh.title;
  const job = fresh.getElementById("job");
  if (shown && job) shown.dataset.state = job.dataset.state;
  // A build without jobs has no place for a log: get one as soon as there is something to show.
  if (!shown && job) location.reload();
  return "live" in fresh.body.dataset;
}

function lastRows(log) {
  const rows = log.querySelectorAll(".rows");
  return rows[rows.length - 1] ?? log.appendChild(Object.assign(document.createElement("div"), { className: "rows" }));
}

function add(log, addition) {
  if (addition.do === "row") {
    lastRows(log).insertAdjacentHTML("beforeend", addition.with);
  } else if (addition.do === "section") {
    const section = document.createElement("details");
    section.className = `section ${addition.with.kind}`;
    section.open = true;
    section.innerHTML = `<summary>${addition.with.summary}</summary><div class="rows"></div>`;
    const before = log.querySelector("details:last-of-type");
    if (before && !before.classList.contains("open")) before.open = false;
    log.append(section);
  } else {
    const section = log.querySelector("details:last-of-type");
    if (section) {
      section.classList.add("open");
      section.open = true;
    }
  }
}

async function follow() {
  const log = document.getElementById("log");
  if (!log) return false;
  const answer = await fetch(`${log.dataset.from}?from=${log.dataset.count}`);
  if (!answer.ok) return true;
  const news = await answer.json();
  const atEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 40;
  news.additions.forEach((addition) => add(log, addition));
  log.dataset.count = news.count;
  if (atEnd && news.additions.length) scrollTo(0, document.documentElement.scrollHeight);
  return news.more;
}

async function loop() {
  let live = true;
  try {
    // Both, whatever the first one says: the last lines of a log may come with the end of a job.
    const [page, log] = await Promise.all([refresh(), follow()]);
    live = page || log;
  } catch {
    // The simulator may be restarting: keep asking.
  }
  if (live) setTimeout(loop, document.hidden ? 5 * INTERVAL : INTERVAL);
}

// The agent names jobs by a fragment of the build's address.
if (/^#[0-9a-f-]{36}$/.test(location.hash)) location.replace(`?job=${location.hash.slice(1)}`);

const log = document.getElementById("log");
if ("live" in document.body.dataset || log) setTimeout(loop, INTERVAL);
