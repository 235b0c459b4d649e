// What to do next with a listing: one step at a time.

import { byId, count, setText, size } from "./dom.js";
import { stateOf } from "./gallery.js";
import { isOver } from "./timeline.js";

/**
 * The next step of a listing as text, an optional action and an optional progress.
 *
 * @returns `{text, action?: [name, label], progress?: number | null, zip?: boolean, decide?: boolean}`;
 *   progress null is one of unknown length.
 */
export function nextStep({ listing, entries, jobs, bundle, open }) {
  const states = entries.map(stateOf);
  const number = (...wanted) => states.filter((state) => wanted.includes(state)).length;
  const sending = number("WAITING", "SENDING");
  if (sending) return uploading(entries, sending);
  if (number("STOPPED")) {
    return { text: `${count(number("STOPPED"), "upload")} failed. Upload again or remove.` };
  }
  const working = jobs.find((job) => !isOver(job));
  if (working?.kind === "finalization") return { text: "Bundling the originals.", progress: null };
  const processing = number("PROCESSING");
  if (processing || working) {
    return { text: `Processing ${count(processing, "file")}.`, progress: null };
  }
  const fresh = number("SENT", "PENDING_UPLOAD");
  if (fresh) {
    return {
      text: `${count(fresh, "file")} uploaded.`,
      action: ["process", `Process ${count(fresh + number("FAILED"), "file")}`],
    };
  }
  if (number("FAILED")) {
    return {
      text: `${count(number("FAILED"), "file")} could not be processed. Try again or remove.`,
      action: ["process", `Try ${count(number("FAILED"), "file")} again`],
    };
  }
  return ready(listing, entries, jobs, bundle, open);
}

function uploading(entries, left) {
  const uploads = entries.map((entry) => entry.upload).filter(Boolean);
  const total = uploads.reduce((sum, upload) => sum + upload.file.size, 0);
  const done = uploads.reduce((sum, upload) => sum + upload.loaded, 0);
  return { text: `Uploading, ${count(left, "file")} to go.`, progress: done / total };
}

function ready(listing, entries, jobs, bundle, open) {
  if (!entries.length) return { text: "Add the listing's photos and videos." };
  const decide = listing.status === "PENDING_OWNER_APPROVAL";
  const last = jobs.find((job) => job.kind === "finalization");
  if (last?.status === "FAILED") {
    return { text: "The bundle could not be made.", action: ["complete", "Make the ZIP again"], decide };
  }
  if (bundle && !open) {
    const text = decide
      ? "Everything is ready. The owner decides."
      : "Everything is ready.";
    return { text, zip: true, decide };
  }
  return {
    text: `${count(entries.length, "file")} ready. The ZIP holds every original.`,
    action: ["complete", "Make the ZIP"],
    zip: Boolean(bundle),
  };
}

/** Draw a step. */
export function showStep(step, bundle) {
  setText(byId("next-text"), step.text);
  const button = byId("next-action");
  button.hidden = !step.action;
  if (step.action) {
    [button.dataset.action] = step.action;
    setText(button, step.action[1]);
  }
  const bar = byId("next-progress");
  bar.hidden = step.progress === undefined;
  if (step.progress === null) bar.removeAttribute("value");
  else if (step.progress !== undefined) bar.value = step.progress;
  const zip = byId("zip");
  zip.hidden = !(step.zip && zip.hasAttribute("href"));
  if (bundle) {
    const facts = `${count(bundle.assetsCount, "file")}, ${size(bundle.zipSizeBytes)}`;
    setText(zip.querySelector("span"), `Download ZIP (${facts})`);
  }
  zip.classList.toggle("primary", !step.action);
  byId("approve").hidden = !step.decide;
  byId("send-back").hidden = !step.decide;
}
