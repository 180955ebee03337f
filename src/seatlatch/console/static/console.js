// What every page has: times in the viewer's zone, the search key, copying, the theme, errors.

const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** Shows timestamps in the viewer's zone; the tooltip has them in UTC. */
function showTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]:not([title])")) {
    const when = new Date(element.dateTime);
    if (Number.isNaN(when.getTime())) continue;
    element.title = `${when.toISOString().replace("T", " ").slice(0, 19)} UTC`;
    element.textContent = full.format(when);
  }
}

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

function focusSearch(event) {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const search = document.getElementById("search");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
}

async function copy(button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  } catch {
    // Browsers have a clipboard for secure pages only, and only if the viewer allows it.
    const text = button.parentNode.querySelector("pre");
    if (text) getSelection().selectAllChildren(text);
    button.textContent = "Press Ctrl+C to copy";
  }
  setTimeout(() => { button.textContent = label; }, 1500);
}

function toggleTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("seatlatch-theme", root.dataset.theme);
}

let failedPath = "";

/** Shows an error of a request that a script has sent. An empty text removes it. */
export function showAlert(text, path = "") {
  failedPath = path;
  document.getElementById("alerts").textContent = text;
}

/** Without the query, which differs each time a live part is requested. */
function pathOf(event) {
  return event.detail.pathInfo.requestPath.split("?")[0];
}

function markMenu() {
  for (const link of document.querySelectorAll("a[data-menu]")) {
    const { pathname } = new URL(link.href);
    const isHome = pathname.endsWith("/console");
    const here = location.pathname;
    if (here === pathname || (!isHome && here.startsWith(`${pathname}/`))) {
      link.setAttribute("aria-current", "page");
      // Not scrollIntoView: from there on Tab would go, past the link that skips the menu.
      const list = link.closest("ul");
      list.scrollLeft = link.offsetLeft - list.offsetLeft - (list.clientWidth - link.offsetWidth) / 2;
    }
  }
}

document.addEventListener("keydown", focusSearch);
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.copy !== undefined) copy(button);
  if (button?.hasAttribute("data-theme-toggle")) toggleTheme();
});
document.addEventListener("htmx:afterSwap", (event) => showTimes(event.detail.target.parentNode ?? document));
// A live part that succeeds each 2 seconds leaves the error of another request where it is.
document.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.requestConfig.verb !== "get") showAlert(""); });
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && pathOf(event) === failedPath) showAlert("");
});
document.addEventListener("htmx:responseError", (event) => {
  const part = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  showAlert(part.body.textContent.trim() || "The request failed.", pathOf(event));
});
document.addEventListener("htmx:sendError", (event) => {
  const isRepeated = event.detail.requestConfig.verb === "get";
  showAlert(`The service can't be reached. ${isRepeated ? "The page tries again." : "Please try again."}`, pathOf(event));
});
showTimes(document);
markMenu();
