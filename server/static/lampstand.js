// Code for every page: keyboard shortcuts, settings, and selects that submit their form immediately.

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

// Disable the empty fields of a form, so that they do not appear in the address.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "get") return;
  for (const field of event.target.elements) if (field.name && field.value === "") field.disabled = true;
});

// The browser may restore a page from its back/forward cache. Then enable the disabled fields again.
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
const continueLine = document.getElementById("continue");
const place = JSON.parse(localStorage.getItem("place") ?? "null");
if (continueLine && place) {
  const link = continueLine.querySelector("a");
  link.textContent = place.name;
  link.href = place.address;
  continueLine.hidden = false;
}
