// One listing on the page: what the service tells of it, and what people do with it.

import { byId, count, setText } from "./dom.js";
import { follow } from "./events.js";
import { Gallery, nameOf, stateOf } from "./gallery.js";
import { Lightbox } from "./lightbox.js";
import { nextStep, showStep } from "./next.js";
import { isOver, showTimeline } from "./timeline.js";
import { placeOf, Uploads } from "./uploads.js";

const CHANGEABLE = new Set(["PENDING_PHOTO_PROCESSING", "REJECTED_BY_OWNER"]);
const STATUSES = {
  PENDING_PHOTO_PROCESSING: "Collecting media",
  REJECTED_BY_OWNER: "Sent back by the owner",
  PENDING_OWNER_APPROVAL: "Waiting for the owner",
  PENDING_ADMIN_REVIEW: "In review",
  READY: "Ready",
};
const CARD = ["small", "medium"];
const VIEW = ["thumbnail", "small", "medium", "large", "original"];

/** Follows a listing and draws it until closed. */
export class ListingView {
  constructor(api, id, { showError, clearErrors }) {
    this.api = api;
    this.id = id;
    this.showError = showError;
    this.clearErrors = clearErrors;
    this.stopped = new AbortController();
    this.listing = { id, status: "", title: "" };
    this.assets = new Map();
    this.jobs = new Map();
    this.bundle = null;
    this.urls = new Map();
    this.drawing = false;
    this.uploads = new Uploads(api, id, () => this.#draw());
    this.gallery = new Gallery(byId("gallery"), {
      open: (entry) => this.#show(entry),
      again: (entry) => this.#try(() => this.uploads.again(entry.upload)),
      remove: (entry) => this.#try(() => this.#remove(entry)),
      stale: (entry) => this.#forgetUrls(entry),
    });
    this.lightbox = new Lightbox((entry) => this.#viewUrls(entry), showError);
  }

  /** Wire the controls and follow the listing. */
  start() {
    byId("listing-body").hidden = false;
    byId("gallery").replaceChildren();
    byId("zip").removeAttribute("href");
    this.#controls();
    follow(this.api, this.id, {
      event: (name, data) => this.#take(name, data),
      state: (state) => this.#connection(state),
      refused: (error) => this.showError(error),
    }, this.stopped.signal);
  }

  /** Stop following and stop every upload. */
  close() {
    this.stopped.abort();
    this.uploads.close();
    byId("connection").hidden = true;
  }

  #controls() {
    const { signal } = this.stopped;
    const input = byId("files");
    const drop = byId("drop");
    input.value = "";
    input.addEventListener("change", () => {
      const files = [...input.files];
      input.value = "";
      this.#add(files);
    }, { signal });
    for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.toggle("over", over && this.#open);
        if (name === "drop" && this.#open) this.#add([...event.dataTransfer.files]);
      }, { signal });
    }
    byId("next-action").addEventListener("click", () => this.#try(() => this.#act()), { signal });
    byId("approve").addEventListener("click", () => this.#decide(true), { signal });
    byId("send-back").addEventListener("click", () => this.#decide(false), { signal });
    // A file that misses the drop zone must not replace the page.
    for (const name of ["dragover", "drop"]) {
      addEventListener(name, (event) => event.preventDefault(), { signal });
    }
    addEventListener("beforeunload", (event) => {
      if (this.uploads.busy) event.preventDefault();
    }, { signal });
  }

  get #open() {
    return CHANGEABLE.has(this.listing.status);
  }

  #take(name, data) {
    if (name === "snapshot") {
      this.listing = data.listing;
      this.assets = new Map(data.assets.map((asset) => [placeOf(asset), asset]));
      this.jobs = new Map(data.jobs.map((job) => [job.id, job]));
      this.#bundle(data.zipBundle);
    } else if (name === "asset") {
      this.#announceAsset(data);
      this.assets.set(placeOf(data), data);
    } else if (name === "job") {
      const before = this.jobs.get(data.id);
      this.jobs.set(data.id, data);
      if (isOver(data) && before && !isOver(before)) this.#announceJob(data);
    }
    this.#draw();
  }

  #announceAsset(asset) {
    const before = this.assets.get(placeOf(asset));
    if (asset.status !== "FAILED" || before?.status === "FAILED") return;
    this.#say(`${nameOf({ asset })} failed: ${asset.errorMessage ?? "no reason given"}`);
  }

  #announceJob(job) {
    if (job.kind === "finalization") {
      this.#say(job.status === "SUCCEEDED" ? "The ZIP is ready." : "The ZIP could not be made.");
      return;
    }
    const done = job.assets.filter((asset) => asset.status === "PROCESSED").length;
    this.#say(`Processing finished: ${done} of ${count(job.assets.length, "file")} ready.`);
  }

  async #bundle(bundle) {
    const changed = bundle?.completedAt !== this.bundle?.completedAt;
    this.bundle = bundle ?? null;
    if (!bundle) byId("zip").removeAttribute("href");
    if (!bundle || !changed) return;
    await this.#freshZip();
    this.#draw();
  }

  /** A presigned URL lives for an hour: the link is renewed before that. */
  async #freshZip() {
    const requests = [{ assetType: "ZIP", sequence: 0, resolution: "zip" }];
    try {
      const [zip] = await this.api.urls(this.id, requests);
      if (!zip || this.stopped.signal.aborted) return;
      byId("zip").href = zip.url;
      setTimeout(() => {
        if (!this.stopped.signal.aborted) this.#freshZip();
      }, zip.expiresIn * 800);
    } catch (error) {
      this.showError(error);
    }
  }

  async #add(files) {
    if (!files.length) return;
    this.clearErrors();
    const taken = new Set([...this.assets.keys(), ...this.uploads.items.keys()]);
    await this.#try(async () => {
      this.#say(`${count(files.length, "file")} chosen.`);
      const unfit = await this.uploads.add(files, taken);
      if (unfit.length) {
        const error = new Error(`${count(unfit.length, "file")} left out.`);
        this.showError(Object.assign(error, { details: unfit }));
      }
    });
  }

  async #act() {
    if (byId("next-action").dataset.action === "process") {
      await this.api.process(this.id);
      this.#say("Processing started.");
    } else {
      await this.api.complete(this.id);
      this.#say("Bundling started.");
    }
  }

  #decide(approve) {
    return this.#try(async () => {
      await this.api.approve(this.id, approve);
      this.#say(approve ? "Approved." : "Sent back for changes.");
    });
  }

  async #remove(entry) {
    this.uploads.forget(entry.place);
    if (entry.asset) await this.api.remove(this.id, entry.asset);
    this.assets.delete(entry.place);
    this.#say(`${nameOf(entry)} removed.`);
    this.#draw();
  }

  async #try(work) {
    const button = byId("next-action");
    button.disabled = true;
    try {
      await work();
      this.#draw();
    } catch (error) {
      this.showError(error);
    } finally {
      button.disabled = false;
    }
  }

  /** Draw once per frame, however many things changed. */
  #draw() {
    if (this.drawing || this.stopped.signal.aborted) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      if (!this.stopped.signal.aborted) this.#drawNow();
    });
  }

  #drawNow() {
    const entries = this.#entries();
    const jobs = [...this.jobs.values()].sort((one, other) => other.id - one.id);
    setText(byId("listing-title"), this.listing.title || `Listing ${this.id}`);
    setText(byId("listing-state"), STATUSES[this.listing.status] ?? this.listing.status);
    byId("files").disabled = !this.#open;
    byId("drop").hidden = !this.#open;
    byId("empty").hidden = entries.length > 0 || !this.#open;
    this.gallery.show(entries, this.#open);
    const step = nextStep({
      listing: this.listing, entries, jobs, bundle: this.bundle, open: this.#open,
    });
    showStep(step, this.bundle);
    showTimeline(jobs, (job) => this.#try(() => this.api.retry(job.id, "whole")));
    this.#wantUrls(entries);
  }

  #entries() {
    const places = new Set([...this.assets.keys(), ...this.uploads.items.keys()]);
    const entries = [...places].map((place) => {
      const asset = this.assets.get(place);
      const upload = this.uploads.items.get(place);
      const kept = asset && this.urls.get(place);
      const urls = kept?.of === asset?.updatedAt ? kept?.urls : undefined;
      return { place, asset, upload, urls };
    });
    return entries.sort((one, other) => rank(one) - rank(other));
  }

  #show({ place }) {
    const ready = this.#ready();
    this.lightbox.open(ready, ready.findIndex((one) => one.place === place));
  }

  #ready() {
    return this.#entries().filter((entry) => stateOf(entry) === "PROCESSED");
  }

  /** Ask for the cards' pictures of everything that became ready, in one request. */
  async #wantUrls(entries) {
    const wanted = entries.filter((entry) => entry.asset?.status === "PROCESSED"
      && this.urls.get(entry.place)?.of !== entry.asset.updatedAt);
    if (!wanted.length) return;
    for (const { place, asset } of wanted) this.urls.set(place, { of: asset.updatedAt });
    const requests = wanted.flatMap(({ asset }) => requestsFor(asset, CARD));
    if (!requests.length) return;
    try {
      for (const one of await this.api.urls(this.id, requests)) {
        const kept = this.urls.get(placeOf(one));
        if (kept) kept.urls = { ...kept.urls, [one.resolution]: one.url };
      }
      this.#draw();
    } catch (error) {
      this.showError(error);
    }
  }

  /** Presigned URLs expire: a picture that does not load asks for a new one, once. */
  #forgetUrls(entry) {
    const kept = this.urls.get(entry.place);
    if (!kept?.urls || kept.again) return;
    this.urls.set(entry.place, { of: kept.of, again: true });
    this.api.urls(this.id, requestsFor(entry.asset, CARD)).then((found) => {
      const urls = Object.fromEntries(found.map((one) => [one.resolution, one.url]));
      this.urls.set(entry.place, { of: kept.of, again: true, urls });
      this.#draw();
    }, this.showError);
  }

  async #viewUrls(entry) {
    const found = await this.api.urls(this.id, requestsFor(entry.asset, VIEW));
    return Object.fromEntries(found.map((one) => [one.resolution, one.url]));
  }

  #connection(state) {
    const line = byId("connection");
    line.hidden = false;
    line.dataset.state = state;
    setText(line, state === "live" ? "Live" : "Connecting again");
  }

  #say(text) {
    byId("live").textContent = text;
  }
}

/** Photos, then videos, then documents, each in the order they were added. */
function rank({ place, asset }) {
  const kind = ["PHOTO", "VIDEO", "PROJECT"].indexOf(place.split("_")[0]);
  return kind * 2 ** 40 + (asset?.id ?? 2 ** 39);
}

/** Download requests for those of the resolutions that an asset has. */
function requestsFor({ assetType, sequence, renditions }, resolutions) {
  return resolutions
    .filter((resolution) => resolution in renditions)
    .map((resolution) => ({ assetType, sequence, resolution }));
}
