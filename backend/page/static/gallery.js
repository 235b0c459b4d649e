// The listing's files as cards: one per asset or upload, kept in place while they change.

import { icon, make, setText, size } from "./dom.js";

const STATES = {
  WAITING: "Waiting to upload",
  SENDING: "Uploading",
  SENT: "Uploaded",
  STOPPED: "Upload failed",
  PENDING_UPLOAD: "Not processed yet",
  PROCESSING: "Processing",
  PROCESSED: "Ready",
  FAILED: "Failed",
};
const TONES = {
  PROCESSED: "good", FAILED: "bad", STOPPED: "bad", PROCESSING: "busy", SENDING: "busy",
};
const KINDS = { PHOTO: "Photo", VIDEO: "Video", PROJECT: "Document" };

/** What a file is called to people. */
export function nameOf(entry) {
  const { asset, upload } = entry;
  return asset?.title || asset?.metadata?.filename || upload?.file.name || entry.place;
}

/** Photo, Video or Document. */
export function kindOf(entry) {
  return KINDS[(entry.asset ?? entry.upload).assetType.split("_")[0]] ?? "File";
}

/** One word for where a file stands: an upload on its way hides what the service knows. */
export function stateOf({ asset, upload }) {
  if (upload?.phase === "waiting") return "WAITING";
  if (upload?.phase === "sending") return "SENDING";
  if (upload?.phase === "failed") return "STOPPED";
  if (asset && asset.status !== "PENDING_UPLOAD") return asset.status;
  return upload?.phase === "sent" ? "SENT" : "PENDING_UPLOAD";
}

/** Draws cards into a list; `actions` has `open`, `remove`, `again` (given the entry), `stale`. */
export class Gallery {
  constructor(list, actions) {
    this.list = list;
    this.actions = actions;
    this.cards = new Map();
  }

  /** Show these entries in this order: `{place, asset?, upload?, urls?}`; `open` allows changes. */
  show(entries, open) {
    const places = new Set(entries.map((entry) => entry.place));
    for (const [place, card] of this.cards) {
      if (!places.has(place)) this.#drop(place, card);
    }
    entries.forEach((entry, index) => {
      let card = this.cards.get(entry.place);
      if (!card) {
        card = this.#make();
        this.cards.set(entry.place, card);
      }
      if (this.list.children[index] !== card.root) {
        this.list.insertBefore(card.root, this.list.children[index] ?? null);
      }
      this.#fill(card, entry, open);
    });
  }

  #drop(place, card) {
    const held = card.root.contains(document.activeElement);
    const next = card.root.nextElementSibling ?? card.root.previousElementSibling;
    card.root.remove();
    this.cards.delete(place);
    if (held) (next?.querySelector("button") ?? document.getElementById("files")).focus();
  }

  #make() {
    const card = {
      picture: make("img", { alt: "", loading: "lazy", decoding: "async", hidden: true }),
      sign: make("span", { className: "sign" }),
      name: make("span", { className: "name" }),
      facts: make("span", { className: "muted facts" }),
      state: make("span", { className: "badge" }),
      bar: make("progress", { max: 1, value: 0, hidden: true }),
      error: make("p", { className: "field-error", hidden: true }),
      again: make("button", { className: "round", type: "button", hidden: true }, icon("again")),
      remove: make("button", { className: "round", type: "button" }, icon("bin")),
    };
    card.open = make("button", { className: "open", type: "button" }, card.sign, card.picture);
    card.root = make(
      "li",
      { className: "asset" },
      card.open,
      make("div", { className: "asset-text" }, card.name, card.facts),
      make("div", { className: "asset-row" }, card.state, card.again, card.remove),
      card.bar,
      card.error,
    );
    card.open.onclick = () => this.actions.open(card.entry);
    card.again.onclick = () => this.actions.again(card.entry);
    card.remove.onclick = () => this.actions.remove(card.entry);
    card.picture.onload = () => card.root.classList.add("pictured");
    card.picture.onerror = () => {
      card.picture.hidden = true;
      card.root.classList.remove("pictured");
      this.actions.stale(card.entry);
    };
    return card;
  }

  #fill(card, entry, open) {
    const { asset, upload } = entry;
    const state = stateOf(entry);
    const name = nameOf(entry);
    const kind = kindOf(entry);
    card.entry = entry;
    card.root.dataset.state = state;
    card.root.dataset.kind = kind;
    setText(card.name, name);
    card.name.title = name;
    const bytes = Number(asset?.metadata?.size_bytes ?? upload?.file.size ?? 0);
    setText(card.facts, `${kind}${bytes ? `, ${size(bytes)}` : ""}`);
    setText(card.state, STATES[state] ?? state);
    card.state.dataset.tone = TONES[state] ?? "calm";
    this.#draw(card, entry, kind, state);

    card.open.disabled = state !== "PROCESSED";
    card.open.setAttribute("aria-label", `Open ${name}`);
    card.again.hidden = state !== "STOPPED";
    card.again.setAttribute("aria-label", `Upload ${name} again`);
    card.remove.hidden = !open || state === "PROCESSING";
    card.remove.setAttribute("aria-label", `Remove ${name}`);
    card.bar.hidden = state !== "SENDING" && state !== "WAITING";
    card.bar.value = upload ? upload.loaded / upload.file.size : 0;
    card.bar.setAttribute("aria-label", `Upload of ${name}`);
    const error = state === "STOPPED" ? upload.error : asset?.errorMessage;
    card.error.hidden = !error || !["STOPPED", "FAILED"].includes(state);
    setText(card.error, card.error.hidden ? "" : error);
  }

  #draw(card, { upload, urls }, kind, state) {
    if (card.kind !== kind || card.was !== state) {
      const sign = { Video: "play", Document: "doc" }[kind] ?? "photo";
      card.sign.replaceChildren(icon(sign));
      [card.kind, card.was] = [kind, state];
    }
    const source = urls?.small ?? upload?.preview ?? "";
    if (source === card.source) return;
    card.source = source;
    card.root.classList.remove("pictured");
    card.picture.hidden = !source;
    card.picture.srcset = urls?.medium ? `${urls.small} 400w, ${urls.medium} 800w` : "";
    card.picture.sizes = "(max-width: 40rem) 46vw, 15rem";
    if (source) card.picture.src = source;
    else card.picture.removeAttribute("src");
  }
}
