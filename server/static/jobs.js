// Updates the rows of the jobs page as events arrive. The order of the rows does not change.

import { leftInWords, onJob } from "./work.js";

const ACTIVE = ["queued", "running"];

onJob((job) => {
  const row = document.getElementById(`job-${job.id}`);
  if (!row) return;
  const active = ACTIVE.includes(job.state);
  const state = row.querySelector(".state");
  state.textContent = job.state;
  state.className = `state ${job.state}`;
  const progress = row.querySelector("progress");
  progress.hidden = !active;
  progress.value = job.progress;
  const message = row.querySelector(".message");
  message.textContent = job.error ?? (job.cancel_requested && active ? "cancelling …" : job.message + leftInWords(job.seconds_left));
  message.classList.toggle("failed", Boolean(job.error));
  const form = row.querySelector("form");
  if (!form) return;
  form.hidden = job.state === "done";
  form.action = `/jobs/${job.id}/${active ? "cancel" : "retry"}`;
  const button = form.querySelector("button");
  button.textContent = active ? "Cancel" : "Try again";
  button.setAttribute("aria-label", `${button.textContent}: ${job.title}`);
});
