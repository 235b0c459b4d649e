// The page: signs in, follows one listing, and lets people add, process and take its media.

import { Api, detailLines } from "./api.js";
import { byId } from "./dom.js";
import { showTheme } from "./colours.js";
import { ListingView } from "./listing.js";

const TOKEN = "token";

let view = null;

/** Show an error with its details until the next action succeeds. */
export function showError(error) {
  if (error.status === 401) {
    signOut("The token is not valid any more. Sign in again.");
    return;
  }
  const lines = detailLines(error.details).slice(0, 8);
  const title = document.createElement("p");
  title.textContent = error.message;
  const list = document.createElement("ul");
  list.append(...lines.map((line) => Object.assign(document.createElement("li"), {
    textContent: line,
  })));
  byId("alerts").replaceChildren(title, ...(lines.length ? [list] : []));
}

/** Take errors away. */
export function clearErrors() {
  byId("alerts").replaceChildren();
}

async function signIn(token) {
  const api = new Api(token);
  const listings = await api.listings();
  sessionStorage.setItem(TOKEN, token);
  byId("sign-in").hidden = true;
  byId("workspace").hidden = false;
  byId("sign-out").hidden = false;
  choose(api, listings);
}

function signOut(message = "") {
  view?.close();
  view = null;
  sessionStorage.removeItem(TOKEN);
  byId("workspace").hidden = true;
  byId("sign-out").hidden = true;
  byId("sign-in").hidden = false;
  byId("sign-in-error").textContent = message;
  byId("token").focus();
}

function choose(api, listings) {
  const select = byId("listing");
  select.replaceChildren(...listings.map((listing) => new Option(
    listing.title ? `${listing.title} (${listing.id})` : `Listing ${listing.id}`, listing.id,
  )));
  if (!listings.length) {
    byId("listing-title").textContent = "You have no listings yet";
    byId("listing-body").hidden = true;
    return;
  }
  const asked = new URLSearchParams(location.search).get("listing");
  if (listings.some((listing) => String(listing.id) === asked)) select.value = asked;
  select.onchange = () => {
    history.replaceState(null, "", `?listing=${select.value}`);
    open(api, Number(select.value));
  };
  open(api, Number(select.value));
}

function open(api, listing) {
  view?.close();
  clearErrors();
  view = new ListingView(api, listing, { showError, clearErrors });
  view.start();
}

async function start() {
  showTheme();
  byId("sign-out").onclick = () => signOut();
  byId("sign-in-form").onsubmit = async (event) => {
    event.preventDefault();
    try {
      await signIn(byId("token").value.trim());
      byId("token").value = "";
    } catch (error) {
      byId("sign-in-error").textContent = error.message;
    }
  };
  // `make up` prints a link with the token after the '#', which no server gets to see.
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) history.replaceState(null, "", location.pathname + location.search);
  const token = given ?? sessionStorage.getItem(TOKEN);
  if (!token) return signOut();
  try {
    return await signIn(token);
  } catch (error) {
    return signOut(error.message);
  }
}

start();
