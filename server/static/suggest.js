// Suggestions under the search bar: passages, topics, words, people, places and recent searches.

const bar = document.getElementById("bar");
const list = document.getElementById("suggestions");
const RECENT = 6;
for (const [name, value] of Object.entries({ role: "combobox", "aria-expanded": "false", "aria-controls": "suggestions", "aria-autocomplete": "list" })) {
  bar.setAttribute(name, value);
}
let pending = null;
let chosen = -1;

const addresses = {
  // If the passage is a whole book, such as 1John, the link opens a page on which the user chooses a chapter.
  passage: (target) => (target.includes(".") ? `/search?q=${encodeURIComponent(target)}` : `/read?book=${encodeURIComponent(target)}`),
  topic: (target) => `/topic/${target}`,
  word: (target) => `/word/${encodeURIComponent(target)}`,
  person: (target) => `/entity/${encodeURIComponent(target)}`,
  place: (target) => `/entity/${encodeURIComponent(target)}`,
  event: (target) => `/entity/${encodeURIComponent(target)}`,
  recent: (target) => `/search?q=${encodeURIComponent(target)}`,
};

function recent() {
  try {
    const queries = JSON.parse(localStorage.getItem("recent") ?? "[]");
    return Array.isArray(queries) ? queries.filter((query) => typeof query === "string") : [];
  } catch {
    return [];
  }
}

function remember(query) {
  const queries = [query, ...recent().filter((other) => other !== query)].slice(0, RECENT);
  localStorage.setItem("recent", JSON.stringify(queries));
}

function close() {
  pending?.abort();
  list.hidden = true;
  chosen = -1;
  bar.setAttribute("aria-expanded", "false");
  bar.removeAttribute("aria-activedescendant");
}

function show(suggestions) {
  list.replaceChildren(
    ...suggestions.map(({ kind, text, detail, target }, number) => {
      const item = document.createElement("li");
      item.id = `suggestion-${number}`;
      item.role = "option";
      item.setAttribute("aria-selected", "false");
      const link = document.createElement("a");
      link.href = addresses[kind](target);
      link.tabIndex = -1;
      link.textContent = text;
      const more = document.createElement("small");
      more.textContent = kind === "passage" || kind === "recent" ? detail : `${kind} · ${detail}`;
      link.append(more);
      item.append(link);
      return item;
    }),
  );
  chosen = -1;
  bar.removeAttribute("aria-activedescendant");
  list.hidden = suggestions.length === 0;
  bar.setAttribute("aria-expanded", String(!list.hidden));
}

async function suggest() {
  pending?.abort();
  const typed = bar.value.trim();
  const matching = recent().filter((query) => query.toLowerCase().startsWith(typed.toLowerCase()) && query !== typed);
  const recentItems = matching.slice(0, typed ? 2 : RECENT).map((query) => ({ kind: "recent", text: query, detail: "recent search", target: query }));
  if (!typed) {
    show(recentItems);
    return;
  }
  pending = new AbortController();
  try {
    const response = await fetch(`/api/v1/suggest?q=${encodeURIComponent(typed)}`, { signal: pending.signal });
    if (!response.ok || document.activeElement !== bar) return;
    const { suggestions } = await response.json();
    show([...recentItems, ...suggestions]);
  } catch {
    // The user typed another character, which aborted the request, or there is no network. The search bar works without
    // suggestions.
  }
}

function move(step) {
  const items = [...list.children];
  if (list.hidden || !items.length) return;
  chosen = (chosen + step + items.length + (chosen < 0 && step < 0 ? 1 : 0)) % items.length;
  items.forEach((item, number) => item.setAttribute("aria-selected", String(number === chosen)));
  bar.setAttribute("aria-activedescendant", items[chosen].id);
}

bar.addEventListener("input", suggest);
bar.addEventListener("focus", suggest);
// Keep the focus in the search bar. Otherwise the list closes before the click.
list.addEventListener("mousedown", (event) => event.preventDefault());
bar.addEventListener("blur", close);
bar.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (list.hidden) suggest();
    else move(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && chosen >= 0) {
    event.preventDefault();
    list.children[chosen].querySelector("a").click();
  } else if (event.key === "Escape" && !list.hidden) {
    event.stopPropagation();
    close();
  }
});
bar.form.addEventListener("submit", () => bar.value.trim() && remember(bar.value.trim()));
