// One file large: its renditions, or its player; arrow keys walk through the listing.

import { byId, make, setText } from "./dom.js";
import { kindOf, nameOf } from "./gallery.js";

const WIDTHS = { thumbnail: "200 px", small: "400 px", medium: "800 px", large: "1200 px" };
const NAMES = { thumbnail: "Thumbnail", small: "Small", medium: "Medium", large: "Large" };

/** The dialog; `urlsOf(entry)` resolves to presigned URLs by resolution. */
export class Lightbox {
  constructor(urlsOf, failed) {
    this.urlsOf = urlsOf;
    this.failed = failed;
    this.dialog = byId("lightbox");
    this.view = byId("lightbox-view");
    this.sizes = byId("lightbox-sizes");
    this.save = byId("lightbox-save");
    this.previous = byId("lightbox-previous");
    this.next = byId("lightbox-next");
    this.entries = [];
    this.at = 0;
    byId("lightbox-close").onclick = () => this.dialog.close();
    this.previous.onclick = () => this.#step(-1);
    this.next.onclick = () => this.#step(1);
    this.dialog.onclick = (event) => {
      if (event.target === this.dialog) this.dialog.close();
    };
    this.dialog.onclose = () => this.view.replaceChildren();
    this.dialog.onkeydown = (event) => this.#key(event);
  }

  /** Show the entry at this index; the others are its neighbours. */
  open(entries, at) {
    this.entries = entries;
    this.at = at;
    this.dialog.showModal();
    this.#show();
  }

  #key(event) {
    if (event.target instanceof HTMLVideoElement) return; // there arrows seek
    if (event.key === "ArrowLeft") this.#step(-1);
    if (event.key === "ArrowRight") this.#step(1);
  }

  #step(by) {
    const to = this.at + by;
    if (to < 0 || to >= this.entries.length) return;
    this.at = to;
    this.#show();
  }

  async #show() {
    const entry = this.entries[this.at];
    setText(byId("lightbox-title"), nameOf(entry));
    setText(byId("lightbox-count"), `${this.at + 1} of ${this.entries.length}`);
    const held = document.activeElement;
    this.previous.disabled = this.at === 0;
    this.next.disabled = this.at === this.entries.length - 1;
    if (held instanceof HTMLButtonElement && held.disabled) byId("lightbox-close").focus();
    this.view.replaceChildren(make("p", { className: "muted", textContent: "Loading" }));
    this.sizes.replaceChildren();
    let urls;
    try {
      urls = await this.urlsOf(entry);
    } catch (error) {
      this.failed(error);
      return;
    }
    if (this.entries[this.at] !== entry) return;
    const kind = kindOf(entry);
    if (kind === "Video") this.#player(entry, urls);
    else if (kind === "Document") this.#document(entry, urls);
    else this.#picture(entry, urls, "large");
  }

  #picture(entry, urls, resolution) {
    const picture = make("img", { src: urls[resolution], alt: `${nameOf(entry)}, ${NAMES[resolution]}` });
    this.view.replaceChildren(picture);
    this.#saves(urls[resolution]);
    this.sizes.replaceChildren(...Object.keys(NAMES).filter((name) => urls[name]).map((name) => {
      const button = make("button", {
        type: "button", className: "size", title: WIDTHS[name], textContent: NAMES[name],
        "aria-pressed": String(name === resolution),
      });
      button.onclick = () => {
        this.#picture(entry, urls, name);
        this.sizes.querySelector('[aria-pressed="true"]').focus();
      };
      return button;
    }));
  }

  #player(entry, urls) {
    const player = make("video", {
      controls: true, playsInline: true, preload: "metadata", src: urls.original,
      poster: urls.large ?? "", "aria-label": nameOf(entry),
    });
    this.view.replaceChildren(player);
    this.#saves(urls.original);
  }

  #document(entry, urls) {
    this.view.replaceChildren(make("p", {
      className: "document", textContent: `${nameOf(entry)} is a document. Download it to read it.`,
    }));
    this.#saves(urls.original);
  }

  #saves(url) {
    this.save.hidden = !url;
    if (url) this.save.href = url;
  }
}
