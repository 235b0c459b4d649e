// The colour theme: the system's unless one is chosen.

import { byId } from "./dom.js";

const ORDER = ["auto", "light", "dark"];

/** Make the theme button work and say what is chosen. */
export function showTheme() {
  const button = byId("theme");
  const label = button.querySelector("span");
  const show = () => {
    label.textContent = `Theme: ${localStorage.getItem("theme") ?? "auto"}`;
  };
  button.onclick = () => {
    const now = localStorage.getItem("theme") ?? "auto";
    const next = ORDER[(ORDER.indexOf(now) + 1) % ORDER.length];
    if (next === "auto") {
      localStorage.removeItem("theme");
      delete document.documentElement.dataset.theme;
    } else {
      localStorage.setItem("theme", next);
      document.documentElement.dataset.theme = next;
    }
    show();
  };
  show();
}
