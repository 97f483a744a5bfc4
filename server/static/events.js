// What happens on the appliance, as it happens: one connection for all tabs of this browser, where it lets them agree.

// Tabs share a stream only with those in which the same person is signed in.
const CHANNEL = `lampstand-events-${document.querySelector('meta[name="person"]')?.content ?? 0}`;
const listeners = new Map();
const channel = new BroadcastChannel(CHANNEL);

// The last id that this tab was told of: another tab may tell the same, and it goes on from there when that one closes.
let seen = 0;

function tell({ kind, id, payload }) {
  if (kind !== "reset" && id <= seen) return;
  seen = id;
  for (const listener of listeners.get(kind) ?? []) listener(payload, id);
}
channel.onmessage = (message) => tell(message.data);

const KINDS = [
  "reset", "job.queued", "job.started", "job.progress", "job.done", "job.failed", "job.cancelled",
  "queue.paused", "queue.resumed", "notification.new", "notification.read",
];

function connect(after) {
  const from = Math.max(seen, Number(after ?? 0));
  const stream = new EventSource(`/api/v1/events${from ? `?after=${from}` : ""}`);
  for (const kind of KINDS) {
    stream.addEventListener(kind, (event) => {
      const told = { kind, id: Number(event.lastEventId), payload: JSON.parse(event.data) };
      tell(told);
      channel.postMessage(told);
    });
  }
  return new Promise(() => {});
}

let begun = false;

// Calls `listener(payload, id)` for each event of a kind, from the one after `after` on.
export function on(kind, listener, after) {
  listeners.set(kind, [...(listeners.get(kind) ?? []), listener]);
  if (begun) return;
  begun = true;
  // Six connections are all a browser opens to a machine over HTTP/1.1: tabs share one. Without TLS they cannot agree.
  if (navigator.locks) navigator.locks.request(CHANNEL, () => connect(after));
  else connect(after);
}
