// Fields in which people write a time in their own zone. Each fills a hidden field with it in UTC.
// Without this script they are disabled, so that no time is silently left out.

function fill(field) {
  const when = new Date(field.value);
  const hidden = document.getElementById(field.dataset.fills);
  hidden.value = Number.isNaN(when.getTime()) ? "" : when.toISOString();
}

for (const field of document.querySelectorAll("input[data-fills]")) {
  field.addEventListener("input", () => fill(field));
  field.disabled = false;
  fill(field); // a browser may restore its value
}
