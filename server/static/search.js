// Shows another mode, filter or page of results without loading a new page. Each of these states has its own address.

async function show(address, push) {
  const results = document.getElementById("results");
  results.setAttribute("aria-busy", "true");
  let response;
  try {
    response = await fetch(address, { headers: { accept: "text/html" } });
  } catch {
    // Let the browser show its own network error page, which offers a retry.
    location.href = address;
    return;
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.getElementById("results");
  if (!fresh || response.redirected) {
    location.href = response.url;
    return;
  }
  results.replaceWith(fresh);
  document.title = page.title;
  if (push) history.pushState({}, "", address);
  window.scrollTo(0, 0);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-soft]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(link.href, true);
});

document.addEventListener("submit", (event) => {
  if (!event.target.closest("#results")) return;
  event.preventDefault();
  const fields = [...new FormData(event.target)].filter(([, value]) => value !== "");
  show(`/search?${new URLSearchParams(fields)}`, true);
});

window.addEventListener("popstate", () => show(location.href, false));
