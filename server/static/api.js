// Requests that change something carry the CSRF token of the session.

const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";

export function post(address, body) {
  const headers = { "X-CSRF-Token": csrf };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return fetch(address, { method: "POST", headers, body: body === undefined ? undefined : JSON.stringify(body) });
}
