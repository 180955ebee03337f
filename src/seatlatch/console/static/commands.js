// Commands to copy begin with the address of this service.

function fillAddress() {
  const [root] = location.href.split("/console/");
  for (const place of document.querySelectorAll(".copyable")) {
    const text = place.querySelector("pre");
    if (!text.textContent.includes('"$URL"')) continue;
    text.textContent = text.textContent.replace('"$URL"', `"${root}"`);
    place.querySelector("[data-copy]").dataset.copy = text.textContent;
  }
  for (const note of document.querySelectorAll("[data-address-note]")) note.hidden = true;
}

document.addEventListener("htmx:afterSwap", fillAddress);
fillAddress();
