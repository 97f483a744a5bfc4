// Shows an answer while the server generates it. The parts of the answer arrive as HTML. After a lost connection, the stream
// resumes.

import { post } from "./api.js";

const section = document.getElementById("answer");

// Parses HTML from our server into elements.
function elements(html) {
  return [...new DOMParser().parseFromString(html, "text/html").body.children];
}

// Changes `element` until it equals `fresh`. Child nodes that are already equal stay, so they keep the focus.
function update(element, fresh) {
  if (element.tagName !== fresh.tagName) {
    element.replaceWith(fresh);
    return;
  }
  const nodes = [...fresh.childNodes];
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

  // Screen readers announce each block that is added to `complete`. So a block moves there once, when its text is complete.
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

  // The last block that the page contained may be incomplete.
  growing.append(...[...complete.children].slice(-1));
  stream.addEventListener("sources", (event) => {
    const sources = JSON.parse(event.data);
    section.querySelector(".sources").replaceChildren(...elements(sources.html));
    sentence.textContent = sources.sentence;
  });
  stream.addEventListener("block", (event) => {
    const { number, html } = JSON.parse(event.data);
    const [fresh] = elements(html);
    const block = [...complete.children, ...growing.children][number - 1];
    if (block) {
      update(block, fresh);
    } else {
      completeBlock();
      growing.append(fresh);
    }
  });
  stream.addEventListener("done", end);
  // If the answer failed, the event has data. If the connection was lost, the event has no data, and the browser reconnects
  // with the last id.
  stream.addEventListener("error", (event) => {
    if (event.data) end(event);
  });
  stop.addEventListener("click", () => {
    sentence.textContent = "Stopping …";
    post(`/api/v1/messages/${section.dataset.message}/stop`);
  });
}

// Highlights the card of a source while its citation has the pointer or the focus.
function markSource(event, on) {
  const chip = event.target.closest(".chip");
  if (chip) document.getElementById(chip.hash.slice(1))?.classList.toggle("marked", on);
}

if (section) {
  for (const name of ["mouseover", "focusin"]) section.addEventListener(name, (event) => markSource(event, true));
  for (const name of ["mouseout", "focusout"]) section.addEventListener(name, (event) => markSource(event, false));
  if (section.dataset.state === "running") follow();
}
