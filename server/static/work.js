// The work in the background: a counter in the corner that opens a list, the same on every page.

import { post } from "./api.js";
import { on } from "./events.js";

const corner = document.getElementById("work");
const jobs = new Map();
const ACTIVE = ["queued", "running"];
const DAY_S = 86400;

export function leftInWords(seconds) {
  if (seconds === null) return "";
  return seconds < 90 ? ` · about ${Math.max(1, Math.round(seconds))} s left` : ` · about ${Math.round(seconds / 60)} min left`;
}

// What works or waits, and failures of the last day whose work has not succeeded since.
function shown() {
  const all = [...jobs.values()].sort((one, other) => other.id - one.id);
  const done = new Map(all.filter((job) => job.state === "done").map((job) => [job.title, job.id]));
  const since = Date.now() / 1000 - DAY_S;
  const failed = all.filter((job) => job.state === "failed" && job.finished_at > since && !(done.get(job.title) > job.id));
  return { active: all.filter((job) => ACTIVE.includes(job.state)), failed: failed.slice(0, 3) };
}

function button(label, job, action) {
  const made = document.createElement("button");
  made.textContent = label;
  made.setAttribute("aria-label", `${label}: ${job.title}`);
  made.addEventListener("click", async () => {
    made.disabled = true;
    await post(`/api/v1/jobs/${job.id}/${action}`);
  });
  return made;
}

function row(job) {
  const item = document.createElement("li");
  item.dataset.job = job.id;
  const title = document.createElement("span");
  title.textContent = job.title;
  const message = document.createElement("small");
  item.append(title);
  if (job.state === "failed") {
    message.textContent = `Failed. ${job.error}`;
    message.className = "failed";
  } else {
    const progress = document.createElement("progress");
    progress.max = 1;
    progress.value = job.progress;
    progress.setAttribute("aria-label", job.title);
    item.append(progress);
    message.textContent = (job.cancel_requested ? "stopping …" : job.message) + leftInWords(job.seconds_left);
  }
  item.append(message);
  if (corner.dataset.may === "yes") {
    if (job.state === "failed") item.append(button("Try again", job, "retry"));
    else if (!job.cancel_requested) item.append(button("Cancel", job, "cancel"));
  }
  return item;
}

function render() {
  const { active, failed } = shown();
  corner.hidden = active.length + failed.length === 0;
  const summary = corner.querySelector("summary");
  summary.textContent = active.length ? `${active.length} at work` : `${failed.length} failed`;
  summary.classList.toggle("failed", failed.length > 0 && active.length === 0);
  corner.querySelector("ul").replaceChildren(...[...active, ...failed].map(row));
}

let awaited = false;
function renderSoon() {
  if (awaited) return;
  awaited = true;
  requestAnimationFrame(() => {
    awaited = false;
    render();
  });
}

const heard = new Set();

// The list as it is, but for what was heard of while it was on its way.
async function load() {
  heard.clear();
  const response = await fetch("/api/v1/jobs?limit=50");
  if (!response.ok) return;
  for (const job of (await response.json()).jobs) if (!heard.has(job.id)) jobs.set(job.id, job);
  render();
}

// Calls `listener(job)` whenever a job has changed.
export function onJob(listener) {
  for (const kind of ["queued", "started", "progress", "done", "failed", "cancelled"]) {
    on(`job.${kind}`, listener, corner?.dataset.after);
  }
}

if (corner) {
  onJob((job) => {
    heard.add(job.id);
    jobs.set(job.id, job);
    renderSoon();
  });
  on("reset", load);
  load();
}
