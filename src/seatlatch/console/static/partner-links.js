// A new link: the server knows its path, and the browser knows the address of the service.
for (const place of document.querySelectorAll("[data-link]")) {
  const text = place.querySelector("pre");
  text.textContent = new URL(text.textContent, location.origin).href;
  place.querySelector("[data-copy]").dataset.copy = text.textContent;
}
