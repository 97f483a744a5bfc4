// The count of what one has not read, and the inbox itself, as things come.

import { on } from "./events.js";

const count = document.getElementById("unread");
const inbox = document.getElementById("inbox");

function show(unread) {
  count.textContent = unread > 99 ? "99+" : unread;
  count.hidden = unread === 0;
  count.parentElement.setAttribute("aria-label", unread ? `Inbox, ${unread} unread` : "Inbox");
}

function item(told) {
  const made = document.createElement("li");
  made.className = "unread";
  const title = document.createElement("b");
  title.textContent = told.title;
  const when = document.createElement("small");
  when.textContent = "just now";
  const text = document.createElement("p");
  text.textContent = told.text;
  made.append(title, " ", when, text);
  if (told.link && told.link !== "/inbox") {
    const link = document.createElement("a");
    link.href = told.link;
    link.textContent = "Look at it";
    made.append(link);
  }
  return made;
}

if (count) {
  on("notification.new", (told) => {
    show(told.unread);
    inbox?.querySelector(".quiet")?.remove();
    inbox?.prepend(item(told));
  }, document.getElementById("work")?.dataset.after);
  on("notification.read", ({ unread }) => {
    show(unread);
    if (unread === 0) for (const read of document.querySelectorAll("#inbox .unread")) read.classList.remove("unread");
  });
  const ask = async () => {
    const response = await fetch("/api/v1/notifications?limit=1");
    if (response.ok) show((await response.json()).unread);
  };
  // What was missed is no longer known, or came while this page was on its way: the count is asked for anew.
  on("reset", ask);
  ask();
}
