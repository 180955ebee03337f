// The filters by state, channel and last change. Seats that do not match are faint.

import { STATE_NAMES } from "./seat-map-data.js";

const NAMES = new Map([...STATE_NAMES].map(([state, name]) => [name === "void" ? "voided" : name, state]));

export class Filters {
  /** `changed`: called after each change by a person. */
  constructor(form, changed) {
    this._form = form;
    this._channel = form.elements.channel;
    this._states = new Set();
    this._number = 0;
    this._bound = null;
    this._isOlder = false;
    this._data = null;
    form.addEventListener("change", (event) => {
      if (event.target.name) this._choose(changed);
    });
    form.addEventListener("reset", () => setTimeout(() => this._choose(changed)));
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  use(data) {
    this._data = data;
    this.update();
    this._read();
  }

  /** Offers the channels that have listed seats. */
  update() {
    const known = new Set([...this._channel.options].map((option) => option.value));
    for (const code of this._data.channelCodes) {
      if (!known.has(code)) this._channel.add(new Option(code, code));
    }
    this._number = this._data.channelCodes.indexOf(this._channel.value) + 1;
  }

  get isOn() {
    return this._states.size > 0 || this._channel.value !== "" || this._bound !== null;
  }

  matches(seat) {
    const { states, channels, since } = this._data;
    if (this._states.size && !this._states.has(states[seat])) return false;
    if (this._channel.value && channels[seat] !== this._number) return false;
    return this._bound === null || (this._isOlder ? since[seat] < this._bound : since[seat] >= this._bound);
  }

  /** The filters as a query, for addresses of this page and of the table. */
  get query() {
    const fields = [...new FormData(this._form)].filter(([, value]) => value !== "");
    return fields.length ? `?${new URLSearchParams(fields)}` : "";
  }

  _choose(changed) {
    this._read();
    changed();
  }

  _read() {
    const fields = new FormData(this._form);
    this._states = new Set(fields.getAll("state").map((name) => NAMES.get(name)));
    this._number = this._data ? this._data.channelCodes.indexOf(this._channel.value) + 1 : 0;
    const [direction, seconds] = (fields.get("changed") || "").split("-");
    this._isOlder = direction === "over";
    this._bound = seconds && this._data ? this._data.now() - Number(seconds) : null;
  }
}
