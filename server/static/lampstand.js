// What every page has: keys, settings, selects that act at once, the work in the background.

document.documentElement.classList.add("js");

const bar = document.getElementById("bar");

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && !typing) {
    event.preventDefault();
    bar.focus();
    bar.select();
  } else if (event.key === "Escape" && event.target === bar) {
    bar.blur();
  } else if (!typing && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
    const link = document.querySelector(`link[rel="${event.key === "ArrowLeft" ? "prev" : "next"}"]`);
    if (link) location.href = link.href;
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  if (event.target.matches("[data-setting]")) {
    localStorage.setItem(event.target.dataset.setting, event.target.checked ? "on" : "");
    applySettings();
  }
});

// Empty choices stay out of the address.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "get") return;
  for (const field of event.target.elements) if (field.name && field.value === "") field.disabled = true;
});

// A page that comes back from the browser's memory has its fields again.
window.addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form [name]:disabled")) field.disabled = false;
});

function applySettings() {
  for (const name of ["red", "lines"]) {
    const on = localStorage.getItem(name) === "on";
    document.documentElement.classList.toggle(name, on);
    for (const box of document.querySelectorAll(`[data-setting="${name}"]`)) box.checked = on;
  }
}
applySettings();

const reader = document.querySelector(".reader");
if (reader) {
  localStorage.setItem("place", JSON.stringify({ name: reader.dataset.place, address: location.pathname + location.search }));
}
const again = document.getElementById("continue");
const place = JSON.parse(localStorage.getItem("place") ?? "null");
if (again && place) {
  const link = again.querySelector("a");
  link.textContent = place.name;
  link.href = place.address;
  again.hidden = false;
}

const work = document.getElementById("work");

function leftInWords(seconds) {
  if (seconds === null) return "";
  return seconds < 90 ? ` · about ${Math.max(1, Math.round(seconds))} s left` : ` · about ${Math.round(seconds / 60)} min left`;
}

async function showWork() {
  const response = await fetch("/api/v1/jobs?limit=20");
  if (!response.ok) return false;
  const { jobs } = await response.json();
  const active = jobs.filter((job) => ["queued", "running"].includes(job.state));
  // A failure stands until the same work succeeds, a day at most.
  const done = new Set(jobs.filter((job) => job.state === "done").map((job) => job.title));
  const aDayAgo = Date.now() / 1000 - 86400;
  const failed = jobs.filter((job) => job.state === "failed" && job.finished_at > aDayAgo && !done.has(job.title));
  const shown = [...active, ...failed.slice(0, 3)];
  const finished = work.dataset.had === "yes" && active.length === 0;
  work.dataset.had = active.length ? "yes" : "";
  work.hidden = shown.length === 0;
  work.querySelector("ul").replaceChildren(
    ...shown.map((job) => {
      const item = document.createElement("li");
      const title = document.createElement("span");
      title.textContent = job.title;
      const progress = document.createElement("progress");
      progress.max = 1;
      progress.value = job.progress;
      progress.setAttribute("aria-label", job.title);
      const message = document.createElement("small");
      message.textContent = job.error ? `Failed: ${job.error}` : job.message + leftInWords(job.seconds_left);
      item.append(title, progress, message);
      return item;
    }),
  );
  if (finished) location.reload();
  return true;
}

if (work) {
  showWork();
  setInterval(() => document.visibilityState === "visible" && showWork(), 3000);
}
