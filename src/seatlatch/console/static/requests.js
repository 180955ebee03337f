// The pages about requests: pausing the live list, and times in filters.

import "./commands.js";

const pauses = document.querySelector("button[data-pause]");
const state = document.querySelector("[data-live-state]");
const following = state?.textContent;

function isPaused() {
  return pauses?.getAttribute("aria-pressed") === "true";
}

function togglePause() {
  const paused = !isPaused();
  pauses.setAttribute("aria-pressed", String(paused));
  state.textContent = paused ? "The list is paused." : following;
}

/** Two digits for each part of a field's value, in the viewer's zone. */
function localValue(when) {
  const local = new Date(when.getTime() - when.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}

function showFilterTimes(form) {
  for (const field of form.querySelectorAll("input[type=datetime-local]")) {
    if (field.value) field.value = localValue(new Date(`${field.value}Z`));
    field.labels[0].querySelector("[data-zone]").hidden = true;
  }
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData.entries()]) {
      const field = form.elements[name];
      if (value === "") formData.delete(name);
      else if (field?.type === "datetime-local") formData.set(name, new Date(value).toISOString());
    }
  });
}

pauses?.addEventListener("click", togglePause);
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.hasAttribute("data-live") && (isPaused() || document.hidden)) event.preventDefault();
});
for (const form of document.querySelectorAll("form[data-filters]")) showFilterTimes(form);
