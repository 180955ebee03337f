// Verifies and exports the journal portion by portion, with progress.
import { showAlert } from "./console.js";
import { portion } from "./portions.js";

const count = (number) => number.toLocaleString();

/** Runs `work` when a form is submitted; meanwhile its button can't be used. */
function onSubmit(form, work) {
  const button = form.querySelector("button");
  const said = form.querySelector(".said");
  const say = (text) => { said.textContent = text; };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    showAlert("");
    try {
      await work(say);
    } catch (error) {
      say("");
      showAlert(error.message);
    }
    button.disabled = false;
  });
  button.disabled = false;
}

function verifyWith(form) {
  const shown = form.querySelector(".progress");
  const bar = form.querySelector("progress");
  onSubmit(form, async (say) => {
    const fields = new URLSearchParams(new FormData(form));
    shown.hidden = false;
    bar.value = 0;
    try {
      for (;;) {
        const done = await portion(form.action, { method: "POST", body: fields }, say);
        bar.max = Math.max(done.total, done.entries, 1);
        bar.value = done.entries;
        const damage = done.damagedChains ? `, damage in ${count(done.damagedChains)} chains` : "";
        say(`${count(done.entries)} of ${count(done.total)} entries${damage}`);
        if (done.run === null) break;
        fields.set("run", done.run);
      }
      location.assign(form.dataset.done);
    } finally {
      shown.hidden = true;
    }
  });
}

/** Lets the browser save a file. */
function save(parts, name, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const TYPES = { csv: "text/csv", jsonl: "application/x-ndjson" };

function exportWith(form) {
  onSubmit(form, async (say) => {
    const fields = new URLSearchParams(new FormData(form));
    const format = fields.get("format");
    const parts = [];
    let entries = 0;
    say("Reading the journal");
    for (;;) {
      const read = await portion(`${form.action}?${fields}`, {}, say);
      parts.push(read.text);
      entries += read.entries;
      say(`${count(entries)} requests`);
      if (read.next === null) break;
      fields.set("after", read.next);
    }
    const now = new Date().toISOString().slice(0, 19).replaceAll(":", "");
    save(parts, `journal-${now}Z.${format}`, TYPES[format]);
    say(`${count(entries)} requests were exported.`);
  });
}

const verifyForm = document.getElementById("verify");
if (verifyForm) verifyWith(verifyForm);
exportWith(document.getElementById("export"));
