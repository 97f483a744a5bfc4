// An answer as it is written: its parts come as ready HTML, and a broken link continues where it stopped.

import { post } from "./api.js";

const section = document.getElementById("answer");

// The elements of HTML that our server made.
function elements(html) {
  return [...new DOMParser().parseFromString(html, "text/html").body.children];
}

// Makes an element like another. What is the same already stays, and with it the focus.
function update(element, made) {
  if (element.tagName !== made.tagName) {
    element.replaceWith(made);
    return;
  }
  const nodes = [...made.childNodes];
  for (const [index, node] of nodes.entries()) {
    const old = element.childNodes[index];
    if (!old) element.append(node);
    else if (!old.isEqualNode(node)) old.replaceWith(node);
  }
  while (element.childNodes.length > nodes.length) element.lastChild.remove();
}

function follow() {
  const complete = section.querySelector(".complete");
  const growing = section.querySelector(".growing");
  const sentence = section.querySelector(".made");
  const stop = section.querySelector(".stop");
  const stream = new EventSource(`/ask/${section.dataset.message}/stream`);

  // Screen readers announce what is put among the complete blocks, so each block goes there once, when it is complete.
  function completeBlock() {
    const focused = growing.contains(document.activeElement) ? document.activeElement : null;
    complete.append(...growing.children);
    focused?.focus();
  }

  function end(event) {
    stream.close();
    completeBlock();
    sentence.textContent = JSON.parse(event.data).sentence;
    stop.hidden = true;
  }

  // The page was made while its last block was written.
  growing.append(...[...complete.children].slice(-1));
  stream.addEventListener("sources", (event) => {
    const sources = JSON.parse(event.data);
    section.querySelector(".sources").replaceChildren(...elements(sources.html));
    sentence.textContent = sources.sentence;
  });
  stream.addEventListener("block", (event) => {
    const { number, html } = JSON.parse(event.data);
    const [made] = elements(html);
    const block = [...complete.children, ...growing.children][number - 1];
    if (block) {
      update(block, made);
    } else {
      completeBlock();
      growing.append(made);
    }
  });
  stream.addEventListener("done", end);
  // A problem of the answer has data; a broken link has none, and the browser comes back with the last id by itself.
  stream.addEventListener("error", (event) => {
    if (event.data) end(event);
  });
  stop.addEventListener("click", () => {
    sentence.textContent = "Stopping …";
    post(`/api/v1/messages/${section.dataset.message}/stop`);
  });
}

// A citation that is pointed at or has the focus marks the card of its source.
function markSource(event, on) {
  const chip = event.target.closest(".chip");
  if (chip) document.getElementById(chip.hash.slice(1))?.classList.toggle("marked", on);
}

if (section) {
  for (const name of ["mouseover", "focusin"]) section.addEventListener(name, (event) => markSource(event, true));
  for (const name of ["mouseout", "focusout"]) section.addEventListener(name, (event) => markSource(event, false));
  if (section.dataset.state === "running") follow();
}
