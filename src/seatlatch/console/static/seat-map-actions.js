// Changes of the selected seats: the preview and the result are forms of the service in a dialog.
// A form has buttons named "action", so its property of that name is not its address.

export class Actions {
  /** `tokens()`: the tickets of the selected seats. `done()`: called when the dialog has closed. */
  constructor(form, dialog, tokens, done) {
    Object.assign(this, { form, dialog, tokens });
    form.addEventListener("submit", (event) => this._preview(event));
    dialog.addEventListener("submit", (event) => this._confirm(event));
    dialog.addEventListener("click", (event) => {
      if (!event.target.closest("[data-close]")) return;
      event.preventDefault();
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.replaceChildren();
      done();
    });
  }

  _preview(event) {
    event.preventDefault();
    const fields = new FormData(this.form, event.submitter);
    for (const token of this.tokens()) fields.append("tokens", token);
    this._send(this.form.getAttribute("action"), fields);
  }

  _confirm(event) {
    event.preventDefault();
    const button = event.submitter;
    if (button) button.disabled = true;
    this._send(event.target.getAttribute("action"), new FormData(event.target));
  }

  /** Sends a form and shows the response, also a refusal. */
  async _send(address, fields) {
    fields.append("part", "true");
    let text;
    try {
      const response = await fetch(address, {
        method: "POST",
        body: new URLSearchParams(fields),
        headers: { "HX-Request": "true", Accept: "text/html" },
        credentials: "same-origin",
      });
      if (response.status === 401) location.assign(response.headers.get("HX-Redirect") ?? location.href);
      text = await response.text();
    } catch {
      text = "<p class=\"problem\">The service can't be reached. Whether the seats were changed shows on the map.</p>";
    }
    const page = new DOMParser().parseFromString(text, "text/html");
    this.dialog.replaceChildren(...page.body.childNodes);
    if (!this.dialog.querySelector("[data-close]")) this._addClose();
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.querySelector("h1, p")?.focus();
  }

  _addClose() {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.close = "";
    button.textContent = "Back to the seats";
    this.dialog.append(button);
  }
}
