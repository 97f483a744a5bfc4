// Updates the count of unread notifications and the inbox as events arrive.

import { on } from "./events.js";

const count = document.getElementById("unread");
const inbox = document.getElementById("inbox");

function show(unread) {
  count.textContent = unread > 99 ? "99+" : unread;
  count.hidden = unread === 0;
  count.parentElement.setAttribute("aria-label", unread ? `Inbox, ${unread} unread` : "Inbox");
}

function item(notification) {
  const row = document.createElement("li");
  row.className = "unread";
  const title = document.createElement("b");
  title.textContent = notification.title;
  const when = document.createElement("small");
  when.textContent = "just now";
  const text = document.createElement("p");
  text.textContent = notification.text;
  row.append(title, " ", when, text);
  if (notification.link && notification.link !== "/inbox") {
    const link = document.createElement("a");
    link.href = notification.link;
    link.textContent = "Open";
    row.append(link);
  }
  return row;
}

if (count) {
  on("notification.new", (notification) => {
    show(notification.unread);
    inbox?.querySelector(".quiet")?.remove();
    inbox?.prepend(item(notification));
  }, document.getElementById("work")?.dataset.after);
  on("notification.read", ({ unread }) => {
    show(unread);
    if (unread === 0) for (const read of document.querySelectorAll("#inbox .unread")) read.classList.remove("unread");
  });
  const loadCount = async () => {
    const response = await fetch("/api/v1/notifications?limit=1");
    if (response.ok) show((await response.json()).unread);
  };
  // After a `reset`, the server does not send missed events. Other events may arrive while the page loads. In both cases,
  // request the count again.
  on("reset", loadCount);
  loadCount();
}
