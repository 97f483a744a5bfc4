// The study panel shows the lemma of a tapped word, or the passages related to a tapped verse number. A tapped footnote mark
// opens the note in the text.

const panel = document.getElementById("panel");
const content = panel.querySelector(".content");
const UNREACHABLE = "Cannot connect to Lampstand. Check that this device is on the same network.";
let opener = null;

function element(name, text, className) {
  const node = document.createElement(name);
  node.textContent = text;
  if (className) node.className = className;
  return node;
}

function close() {
  panel.hidden = true;
  document.body.classList.remove("panel-open");
  document.querySelector(".w.chosen")?.classList.remove("chosen");
  opener?.focus?.();
}

async function lookUp(number) {
  try {
    const response = await fetch(`/api/v1/lexicon/${encodeURIComponent(number)}`);
    return { number, ok: response.ok, entry: await response.json() };
  } catch {
    return { number, ok: false, entry: { detail: UNREACHABLE } };
  }
}

function open(opened) {
  document.querySelector(".w.chosen")?.classList.remove("chosen");
  opener = opened;
  panel.hidden = false;
  document.body.classList.add("panel-open");
  // On phones, the panel is at the bottom of the screen and must not cover the tapped line.
  if (matchMedia("(max-width: 47.99rem)").matches) opened.scrollIntoView({ block: "start" });
  content.replaceChildren(element("p", "Loading …", "quiet"));
}

async function showVerse(number) {
  open(number);
  history.replaceState(null, "", `#${number.id}`);
  const { translation, chapter } = document.querySelector(".reader").dataset;
  const address = `/verse/${encodeURIComponent(translation)}/${chapter}.${number.id.slice(1)}`;
  try {
    const response = await fetch(address, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (opener !== number) return;
    const article = page.querySelector("[data-verse]") ?? page.querySelector("main");
    article.querySelector(".text")?.remove();
    const fullPage = element("a", "Open full page");
    fullPage.href = address;
    content.replaceChildren(...article.childNodes, fullPage);
  } catch {
    content.replaceChildren(element("p", UNREACHABLE));
  }
}

async function explain(word) {
  open(word);
  word.classList.add("chosen");
  const numbers = word.dataset.strongs.split(" ");
  const entries = await Promise.all(numbers.map(lookUp));
  content.replaceChildren(element("p", `“${word.textContent}”`, "quiet"));
  for (const { number, ok, entry } of entries) {
    if (!ok) {
      content.append(element("p", entry.detail));
      continue;
    }
    const lemma = element("p", entry.lemma, "lemma");
    lemma.lang = entry.language;
    content.append(lemma, element("p", `${entry.transliteration} · ${entry.pronunciation} · ${number}`, "quiet"), element("p", entry.definition));
  }
  const source = element("p", "", "quiet");
  const link = element("a", "Strong’s dictionaries");
  link.href = "/about";
  source.append(link);
  content.append(source);
}

function toggleNote(mark) {
  const open = mark.parentElement.nextElementSibling;
  if (open?.classList.contains("aside-note")) {
    open.remove();
    return;
  }
  const note = element("span", mark.dataset.note, "aside-note");
  note.setAttribute("role", "note");
  mark.parentElement.after(note);
}

document.addEventListener("click", (event) => {
  const mark = event.target.closest(".fn a");
  const word = event.target.closest(".w");
  const number = event.target.closest("a.vn");
  if (number && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    showVerse(number);
  } else if (mark) {
    event.preventDefault();
    toggleNote(mark);
  } else if (word) {
    explain(word);
  } else if (event.target.closest(".panel .close")) {
    close();
  }
});

// Words are not tab stops, because there are too many of them. From a verse number, the keys arrow down and arrow up move the
// focus from word to word.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !panel.hidden) close();
  const number = event.target.closest?.("a.vn");
  if (!["ArrowDown", "ArrowUp"].includes(event.key) || !(number || event.target.closest?.(".w"))) return;
  event.preventDefault();
  const words = [...document.querySelectorAll(".reader .w")];
  const from = number ? words.findIndex((word) => number.compareDocumentPosition(word) & Node.DOCUMENT_POSITION_FOLLOWING) - 1 : words.indexOf(event.target);
  const next = words[from + (event.key === "ArrowDown" ? 1 : -1)];
  if (!next) return;
  next.tabIndex = -1;
  next.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches(".w")) return;
  event.preventDefault();
  explain(event.target);
  panel.querySelector(".close").focus();
});
