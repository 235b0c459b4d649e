// The listing's jobs with their steps, latest first.

import { byId, count, make, span } from "./dom.js";

const KINDS = { processing: "Processing", finalization: "ZIP bundle" };
const STATES = {
  PENDING: "Queued", RUNNING: "Running", SUCCEEDED: "Done", PARTIAL_SUCCESS: "Done in part",
  FAILED: "Failed",
};
const TONES = {
  PENDING: "busy", RUNNING: "busy", SUCCEEDED: "good", PARTIAL_SUCCESS: "bad", FAILED: "bad",
};
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const LOOPBACK = new Set(["127.0.0.1", "localhost"]);

/** Whether a job has come to its end. */
export function isOver(job) {
  return !["PENDING", "RUNNING"].includes(job.status);
}

/** Draw the jobs; `retry(job)` is called for one that is to run again. */
export function showTimeline(jobs, retry) {
  const list = byId("timeline");
  const focused = document.activeElement?.dataset.job;
  list.replaceChildren(...jobs.map((job) => jobItem(job, retry)));
  byId("timeline-empty").hidden = jobs.length > 0;
  if (focused) list.querySelector(`[data-job="${focused}"]`)?.focus();
}

function jobItem(job, retry) {
  const head = make(
    "div",
    { className: "job-head" },
    make("h3", { textContent: `${KINDS[job.kind] ?? job.kind} ${job.id}` }),
    make("span", {
      className: "badge", textContent: STATES[job.status] ?? job.status,
      "data-tone": TONES[job.status] ?? "calm",
    }),
  );
  const item = make("li", { className: "job", "data-status": job.status }, head, steps(job));
  if (job.lastError) item.append(make("p", { className: "field-error", textContent: job.lastError }));
  item.append(execution(job));
  if (job.status === "FAILED") {
    const button = make("button", { type: "button", textContent: "Run again", "data-job": job.id });
    button.onclick = () => retry(job);
    item.append(button);
  }
  return item;
}

function steps(job) {
  const list = make("ol", { className: "steps" });
  list.append(step(job.createdAt, `Created${files(job)}`));
  for (const attempt of job.attempts) {
    const run = job.attempts.length > 1 ? ` (run ${attempt.retry + 1})` : "";
    if (attempt.publishedAt) list.append(step(attempt.publishedAt, `Handed to the pipeline${run}`));
    if (attempt.completedAt) {
      const took = (Date.parse(attempt.completedAt) - Date.parse(attempt.startedAt)) / 1000;
      const end = STATES[attempt.status] ?? attempt.status;
      list.append(step(attempt.completedAt, `${end}${run} after ${span(Math.max(0, took))}`));
    }
  }
  return list;
}

function files(job) {
  const zipped = job.payload?.assetsZipped;
  if (job.kind === "finalization") return zipped ? ` with ${count(zipped, "file")}` : "";
  return job.assets.length ? ` for ${count(job.assets.length, "file")}` : "";
}

function step(time, text) {
  const at = new Date(time);
  return make(
    "li",
    {},
    make("time", { dateTime: at.toISOString(), textContent: CLOCK.format(at) }),
    make("span", { textContent: text }),
  );
}

/** The execution's name, as a link to the console where there is one: not of the local cloud. */
function execution(job) {
  const name = job.executionArn.split(":").pop();
  const local = LOOPBACK.has(location.hostname);
  return make("p", { className: "muted execution" }, local || !job.executionUrl
    ? make("code", { textContent: name })
    : make("a", { href: job.executionUrl, rel: "noreferrer", target: "_blank", textContent: name }));
}
