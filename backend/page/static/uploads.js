// Uploads straight to storage: three at a time, each with progress, stop and retry.

import { ApiError } from "./api.js";
import { checksum, describe, takeSequence } from "./files.js";

const AT_ONCE = 3;
const FILES_PER_REQUEST = 20;

/** Place of an asset in its listing. */
export function placeOf({ assetType, sequence }) {
  return `${assetType}:${sequence}`;
}

/** The uploads of one listing; `changed` is called after every step of any of them. */
export class Uploads {
  constructor(api, listing, changed) {
    this.api = api;
    this.listing = listing;
    this.changed = changed;
    this.items = new Map();
    this.#waiting = [];
    this.#running = 0;
  }

  #waiting;
  #running;

  /** Whether any file is still on its way. */
  get busy() {
    return [...this.items.values()].some((item) => ["waiting", "sending"].includes(item.phase));
  }

  /**
   * Register files and start sending them.
   *
   * @param files what was dropped.
   * @param taken places that assets of the listing hold; new places are added.
   * @returns messages about files that were left out.
   */
  async add(files, taken) {
    const unfit = [];
    const items = [];
    for (const file of files) {
      try {
        const facts = await describe(file);
        const sequence = takeSequence(facts.assetType, taken);
        items.push({ ...facts, sequence, file, phase: "waiting", loaded: 0, error: "" });
      } catch (error) {
        unfit.push(error.message);
      }
    }
    for (const item of items) {
      item.preview = item.contentType.startsWith("image/") ? URL.createObjectURL(item.file) : "";
      this.items.set(placeOf(item), item);
    }
    this.changed();
    for (let at = 0; at < items.length; at += FILES_PER_REQUEST) {
      await this.#register(items.slice(at, at + FILES_PER_REQUEST));
    }
    return unfit;
  }

  /** Send a failed file again, with a new URL. */
  async again(item) {
    Object.assign(item, { phase: "waiting", loaded: 0, error: "" });
    this.changed();
    await this.#register([item]);
  }

  /** Stop an upload if it runs and forget the file. */
  forget(place) {
    const item = this.items.get(place);
    if (!item) return;
    item.request?.abort();
    this.#waiting = this.#waiting.filter((one) => one !== item);
    if (item.preview) URL.revokeObjectURL(item.preview);
    this.items.delete(place);
  }

  /** Stop everything. */
  close() {
    for (const place of [...this.items.keys()]) this.forget(place);
  }

  async #register(items) {
    try {
      for (const item of items) item.checksum = await checksum(item.file);
      const answer = await this.api.requestUploads(this.listing, items.map(declaration));
      const targets = new Map(answer.files.map((target) => [placeOf(target), target]));
      for (const item of items) item.target = targets.get(placeOf(item));
      this.#waiting.push(...items);
    } catch (error) {
      for (const item of items) Object.assign(item, { phase: "failed", error: error.message });
      this.changed();
      if (error instanceof ApiError) throw error;
    }
    this.#pump();
  }

  #pump() {
    while (this.#running < AT_ONCE && this.#waiting.length) {
      const item = this.#waiting.shift();
      this.#running += 1;
      this.#send(item).finally(() => {
        this.#running -= 1;
        this.changed();
        this.#pump();
      });
    }
  }

  #send(item) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      const fail = (error) => {
        Object.assign(item, { phase: "failed", error });
        resolve();
      };
      item.request = request;
      item.phase = "sending";
      request.upload.onprogress = (event) => {
        item.loaded = event.loaded;
        this.changed();
      };
      request.onload = () => {
        if (request.status !== 200) return fail(storageRefusal(request));
        item.phase = "sent";
        item.loaded = item.file.size;
        return resolve();
      };
      request.onerror = () => fail("The connection broke. Try again.");
      request.onabort = () => resolve();
      request.open(item.target.method, item.target.uploadUrl);
      for (const [name, value] of Object.entries(item.target.headers)) {
        request.setRequestHeader(name, value);
      }
      request.send(item.file);
    });
  }
}

function declaration({ file, assetType, orientation, contentType, sequence, checksum: sum }) {
  return {
    assetType, orientation, contentType, sequence, checksum: sum,
    filename: file.name, bytes: file.size,
  };
}

function storageRefusal(request) {
  const message = /<Message>([^<]*)<\/Message>/.exec(request.responseText)?.[1];
  return `Storage refused the file: ${message ?? `status ${request.status}`}`;
}
