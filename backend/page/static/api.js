// The service's API (docs/openapi.json), with its refusals as errors that people can read.

const BASE = "/api/v2";
const DOWNLOADS_PER_REQUEST = 200;

/** A refusal of the service, or no answer at all (status 0). */
export class ApiError extends Error {
  constructor(status, message, details = null) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.details = details;
  }
}

/** Talks to the service as the bearer of one token. */
export class Api {
  constructor(token) {
    this.token = token;
  }

  get headers() {
    return { Authorization: `Bearer ${this.token}` };
  }

  async listings() {
    return (await this.#ask("GET", "/listings")).data;
  }

  requestUploads(listing, files) {
    return this.#ask("POST", "/listings/media/uploads", { listingIdentityId: listing, files });
  }

  process(listing) {
    return this.#ask("POST", "/listings/media/uploads/process", { listingIdentityId: listing });
  }

  complete(listing) {
    return this.#ask("POST", "/listings/media/uploads/complete", { listingIdentityId: listing });
  }

  approve(listing, approve) {
    return this.#ask("POST", "/listings/media/approve", { listingIdentityId: listing, approve });
  }

  remove(listing, asset) {
    const { assetType, sequence } = asset;
    return this.#ask("DELETE", "/listings/media/delete", {
      listingIdentityId: listing, assetType, sequence,
    });
  }

  retry(job, scope) {
    return this.#ask("POST", `/jobs/${job}/retry`, { scope });
  }

  /** Presigned URLs of `{assetType, sequence, resolution}` items. */
  async urls(listing, requests) {
    const found = [];
    for (let at = 0; at < requests.length; at += DOWNLOADS_PER_REQUEST) {
      const some = requests.slice(at, at + DOWNLOADS_PER_REQUEST);
      const answer = await this.#ask("POST", "/listings/media/download", {
        listingIdentityId: listing, requests: some,
      });
      found.push(...answer.urls);
    }
    return found;
  }

  /** Open the listing's stream of changes. */
  async openEvents(listing, signal) {
    const answer = await this.#send(`/listings/${listing}/events`, {
      headers: { ...this.headers, Accept: "text/event-stream" }, signal,
    });
    return answer.body;
  }

  async #ask(method, path, body) {
    const headers = body ? { ...this.headers, "Content-Type": "application/json" } : this.headers;
    const answer = await this.#send(path, { method, headers, body: body && JSON.stringify(body) });
    return answer.json();
  }

  async #send(path, options) {
    let answer;
    try {
      answer = await fetch(BASE + path, options);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError(0, "The service cannot be reached. Check the connection and try again.");
    }
    if (!answer.ok) throw await refusal(answer);
    return answer;
  }
}

async function refusal(answer) {
  const problem = await answer.json().catch(() => ({}));
  const message = problem.message ?? problem.detail ?? `The service answered ${answer.status}.`;
  return new ApiError(answer.status, sentence(message), problem.details ?? null);
}

function sentence(text) {
  const full = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(full) ? full : `${full}.`;
}

/** Lines of a refusal's details, such as each bad key with its reason. */
export function detailLines(details) {
  if (!details) return [];
  if (Array.isArray(details)) return details.map(detailLine);
  const lists = Object.values(details).filter(Array.isArray);
  return lists.length ? lists.flat().map(detailLine) : [detailLine(details)];
}

function detailLine(detail) {
  if (typeof detail !== "object" || detail === null) return String(detail);
  return Object.values(detail)
    .filter((value) => typeof value !== "object")
    .join(": ");
}
