// Server-sent events over fetch: EventSource can send no bearer token.

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;

/**
 * Follow a listing until the signal aborts; every gap ends with a new snapshot.
 *
 * @param api the API.
 * @param listing the listing's id.
 * @param handlers `event(name, data)`, `state("live" | "waiting")` and `refused(error)`, which ends
 *   the stream: the service does not want us (401, 403, 404).
 */
export async function follow(api, listing, handlers, signal) {
  let pause = FIRST_PAUSE;
  while (!signal.aborted) {
    try {
      const body = await api.openEvents(listing, signal);
      handlers.state("live");
      pause = FIRST_PAUSE;
      for await (const { name, data } of events(body)) handlers.event(name, data);
    } catch (error) {
      if (signal.aborted) return;
      if ([401, 403, 404].includes(error.status)) {
        handlers.refused(error);
        return;
      }
    }
    if (signal.aborted) return;
    handlers.state("waiting");
    await rest(pause * (0.75 + Math.random() / 2), signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const fields = block.split("\n");
      const name = fields.find((line) => line.startsWith("event: "))?.slice(7);
      const data = fields.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
      if (name && data.length) yield { name, data: JSON.parse(data.join("\n")) };
    }
  }
}

/** Wait; the browser's "online" ends the wait early. */
function rest(milliseconds, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    addEventListener("online", end);
    signal.addEventListener("abort", end, { once: true });
  });
}
