// The event stream of the server. All tabs of this browser share one connection, if the browser supports locks.

// Tabs share a stream only if the same person is signed in.
const CHANNEL = `lampstand-events-${document.querySelector('meta[name="person"]')?.content ?? 0}`;
const listeners = new Map();
const channel = new BroadcastChannel(CHANNEL);

// The id of the last event in this tab. Events up to this id are repeated events, which this tab ignores. If the tab with the
// connection closes, this tab connects and resumes after this id.
let lastId = 0;

function dispatch({ kind, id, payload }) {
  if (kind !== "reset" && id <= lastId) return;
  lastId = id;
  for (const listener of listeners.get(kind) ?? []) listener(payload, id);
}
channel.onmessage = (message) => dispatch(message.data);

const KINDS = [
  "reset", "job.queued", "job.started", "job.progress", "job.done", "job.failed", "job.cancelled",
  "queue.paused", "queue.resumed", "notification.new", "notification.read",
];

function connect(after) {
  const from = Math.max(lastId, Number(after ?? 0));
  const stream = new EventSource(`/api/v1/events${from ? `?after=${from}` : ""}`);
  for (const kind of KINDS) {
    stream.addEventListener(kind, (event) => {
      const received = { kind, id: Number(event.lastEventId), payload: JSON.parse(event.data) };
      dispatch(received);
      channel.postMessage(received);
    });
  }
  return new Promise(() => {});
}

let isStarted = false;

// Calls `listener(payload, id)` for each event of a kind whose id is greater than `after`.
export function on(kind, listener, after) {
  listeners.set(kind, [...(listeners.get(kind) ?? []), listener]);
  if (isStarted) return;
  isStarted = true;
  // A browser opens at most six HTTP/1.1 connections to a server, so tabs share one connection. Browsers support locks only
  // over HTTPS or on localhost.
  if (navigator.locks) navigator.locks.request(CHANNEL, () => connect(after));
  else connect(after);
}
