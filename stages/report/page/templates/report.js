"use strict";
// Light or dark: as the system says, until the reader chooses.
const root = document.documentElement;
const theme = document.getElementById("theme");
const dark = matchMedia("(prefers-color-scheme: dark)");
function kept(value) {
  try {
    if (value) localStorage.setItem("theme", value);
    return localStorage.getItem("theme");
  } catch {
    return null; // a browser that keeps nothing for files
  }
}
function show(chosen) {
  if (chosen) root.dataset.theme = chosen;
  const now = root.dataset.theme || (dark.matches ? "dark" : "light");
  theme.textContent = now === "dark" ? "Light" : "Dark";
  return now;
}
show(kept());
dark.addEventListener("change", () => show());
theme.addEventListener("click", () => {
  const other = show() === "dark" ? "light" : "dark";
  kept(other);
  show(other);
});

// Tables: a click on a heading sorts, another one turns the order round.
// What begins with a number goes by it, and comes before what does not.
function worth(text) {
  const found = text.match(/^[×≈<>≤≥]?\s*([−-]?\d+(?:\u00a0\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?)/);
  return found ? parseFloat(found[1].replace("−", "-").replaceAll("\u00a0", "")) : Infinity;
}
function compare(a, b) {
  return worth(a) - worth(b) || a.localeCompare(b, "en", { numeric: true });
}
for (const table of document.querySelectorAll("main table")) {
  const body = table.tBodies[0];
  if (!table.tHead || body.rows.length < 3) continue;
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (head.tagName !== "TH") return;
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Sort by ${head.textContent.trim()}`);
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const text = (row) => row.cells[column].textContent.trim();
      const rows = [...body.rows].sort((a, b) => compare(text(a), text(b)) * (up ? 1 : -1));
      body.append(...rows);
    });
  });
}

// Figures: a click enlarges one, a click on the large one shows each of its pixels; at once where
// the screen is no wider than the figure is already.
const dialog = document.getElementById("enlarged");
const large = dialog.querySelector("img");
for (const button of document.querySelectorAll(".enlarge")) {
  button.addEventListener("click", () => {
    const small = button.querySelector("img");
    large.src = small.src;
    large.alt = small.alt;
    dialog.showModal();
    dialog.classList.toggle("full", small.clientWidth > 0.8 * dialog.clientWidth);
  });
}
large.addEventListener("click", () => dialog.classList.toggle("full"));

// What is wider than the page scrolls by itself, with the keyboard too.
function reachable() {
  for (const box of document.querySelectorAll(".wide, pre")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
addEventListener("resize", reachable);
reachable();

// Details open where a link leads, and all of them on paper, where no formula is wider than a page.
const PRINTED = 640; // pixels, within the margins of A4
const formulas = document.querySelectorAll(".math.block math");
function opened() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (const details of target ? target.querySelectorAll("td > details") : []) details.open = true;
}
addEventListener("hashchange", opened);
opened();
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("main .claim details")) details.open = true;
  for (const formula of formulas) {
    const part = PRINTED / formula.getBoundingClientRect().width;
    if (part < 1) formula.style.fontSize = `${100 * part}%`;
  }
});
addEventListener("afterprint", () => {
  for (const formula of formulas) formula.style.fontSize = "";
});

// The contents stand open beside the text where there is room for them.
const contents = document.querySelector(".contents details");
const wide = matchMedia("(min-width: 75rem)");
contents.open = wide.matches;
wide.addEventListener("change", () => { contents.open = wide.matches; });

// The contents say where the reader is.
const links = new Map([...document.querySelectorAll(".contents a")].map((a) => [a.hash.slice(1), a]));
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    for (const link of links.values()) link.removeAttribute("aria-current");
    links.get(entry.target.id).setAttribute("aria-current", "true");
  }
}, { rootMargin: "0px 0px -70% 0px" });
for (const id of links.keys()) seen.observe(document.getElementById(id));
