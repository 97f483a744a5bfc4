// The background jobs in the header: a counter that opens a list, on every page.

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

// Returns active jobs, and jobs that failed in the last day. A failed job is left out if a job with the same title succeeded
// later.
function currentJobs() {
  const all = [...jobs.values()].sort((one, other) => other.id - one.id);
  const done = new Map(all.filter((job) => job.state === "done").map((job) => [job.title, job.id]));
  const since = Date.now() / 1000 - DAY_S;
  const failed = all.filter((job) => job.state === "failed" && job.finished_at > since && !(done.get(job.title) > job.id));
  return { active: all.filter((job) => ACTIVE.includes(job.state)), failed: failed.slice(0, 3) };
}

function button(label, job, action) {
  const control = document.createElement("button");
  control.textContent = label;
  control.setAttribute("aria-label", `${label}: ${job.title}`);
  control.addEventListener("click", async () => {
    control.disabled = true;
    await post(`/api/v1/jobs/${job.id}/${action}`);
  });
  return control;
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
    message.textContent = (job.cancel_requested ? "cancelling …" : job.message) + leftInWords(job.seconds_left);
  }
  item.append(message);
  if (corner.dataset.may === "yes") {
    if (job.state === "failed") item.append(button("Try again", job, "retry"));
    else if (!job.cancel_requested) item.append(button("Cancel", job, "cancel"));
  }
  return item;
}

function render() {
  const { active, failed } = currentJobs();
  corner.hidden = active.length + failed.length === 0;
  const summary = corner.querySelector("summary");
  summary.textContent = active.length ? `${active.length} running` : `${failed.length} failed`;
  summary.classList.toggle("failed", failed.length > 0 && active.length === 0);
  corner.querySelector("ul").replaceChildren(...[...active, ...failed].map(row));
}

let isScheduled = false;
function renderSoon() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    render();
  });
}

const updated = new Set();

// Loads the list of jobs. If a job changed during the request, its newer state is kept.
async function load() {
  updated.clear();
  const response = await fetch("/api/v1/jobs?limit=50");
  if (!response.ok) return;
  for (const job of (await response.json()).jobs) if (!updated.has(job.id)) jobs.set(job.id, job);
  render();
}

// Calls `listener(job)` when a job changes.
export function onJob(listener) {
  for (const kind of ["queued", "started", "progress", "done", "failed", "cancelled"]) {
    on(`job.${kind}`, listener, corner?.dataset.after);
  }
}

if (corner) {
  onJob((job) => {
    updated.add(job.id);
    jobs.set(job.id, job);
    renderSoon();
  });
  on("reset", load);
  load();
}
