// An answer as it is written: sources first, then text; a broken link continues where it stopped.

import { post } from "./api.js";

const section = document.getElementById("answer");

function sourceCard(source) {
  const item = document.createElement("li");
  item.id = `source-${source.number}`;
  const link = document.createElement("a");
  const [book, chapter, verse] = source.osis.split("-")[0].split(".");
  link.href = `/read/${section.dataset.translation}/${book}/${chapter}#v${verse ?? 1}`;
  const number = document.createElement("b");
  number.textContent = source.number;
  link.append(number, ` ${source.reference}`);
  const text = document.createElement("p");
  text.textContent = source.text;
  item.append(link, text);
  return item;
}

// Citations such as [2] become chips that show their verse and mark its card.
function withChips(parent, text) {
  for (const piece of text.split(/(\[\d+\])/)) {
    const cited = /^\[(\d+)\]$/.exec(piece);
    const card = cited && document.getElementById(`source-${cited[1]}`);
    if (!card) {
      parent.append(piece);
      continue;
    }
    const chip = document.createElement("a");
    chip.className = "chip";
    chip.href = `#${card.id}`;
    chip.textContent = cited[1];
    chip.title = `${card.querySelector("a").textContent.replace(/^\d+\s*/, "")}: ${card.querySelector("p").textContent}`;
    chip.setAttribute("aria-label", `Source ${cited[1]}`);
    for (const [name, on] of [["mouseenter", true], ["focus", true], ["mouseleave", false], ["blur", false]]) {
      chip.addEventListener(name, () => card.classList.toggle("marked", on));
    }
    parent.append(chip);
  }
}

function renderAnswer(raw) {
  const blocks = raw.split("\n\n").filter((block) => block.trim());
  section.querySelector(".answer").replaceChildren(
    ...blocks.map((block) => {
      const [name, text] = block.startsWith("## ") ? ["h2", block.slice(3)] : block.startsWith("> ") ? ["blockquote", block.slice(2)] : ["p", block];
      const made = document.createElement(name);
      withChips(made, text);
      return made;
    }),
  );
}

function end(sentence) {
  section.querySelector(".made").textContent = sentence;
  section.querySelector(".stop").hidden = true;
}

function follow() {
  const stream = new EventSource(`/api/v1/messages/${section.dataset.message}/stream`);
  const made = section.querySelector(".made");
  let raw = "";
  let awaited = false;
  stream.addEventListener("sources", (event) => {
    const { sources } = JSON.parse(event.data);
    section.querySelector(".sources").replaceChildren(...sources.map(sourceCard));
    made.textContent = sources.length ? "Writing …" : "";
  });
  stream.addEventListener("token", (event) => {
    raw += JSON.parse(event.data).text;
    if (awaited) return;
    awaited = true;
    requestAnimationFrame(() => {
      awaited = false;
      renderAnswer(raw);
    });
  });
  stream.addEventListener("done", (event) => {
    stream.close();
    const done = JSON.parse(event.data);
    const seconds = done.took_ms === undefined ? "" : ` in ${(done.took_ms / 1000).toFixed(1)} s`;
    const how = done.made_by === "extractive" ? "Quoted on this machine, without a chat model," : `Written on this machine by ${done.made_by}`;
    end(done.stopped ? "Stopped." : `${how}${seconds}.${done.notice ? ` ${done.notice}` : ""}`);
  });
  // A problem of the answer has data; a broken link has none, and the browser comes back with the last id by itself.
  stream.addEventListener("error", (event) => {
    if (!event.data) return;
    stream.close();
    end(JSON.parse(event.data).message);
  });
  section.querySelector(".stop").addEventListener("click", () => {
    made.textContent = "Stopping …";
    post(`/api/v1/messages/${section.dataset.message}/stop`);
  });
}

if (section?.dataset.state === "running") follow();
else if (section) renderAnswer(section.querySelector(".answer").dataset.raw);
