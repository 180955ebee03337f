// The selected seats.

export class Selection {
  /** `changed`: called after each change. */
  constructor(changed) {
    this.seats = new Set();
    this._changed = changed;
  }

  /** Takes over a map: the same tickets stay selected. */
  use(before, data) {
    if (!before || !this.seats.size) return;
    const tokens = new Set([...this.seats].map((seat) => before.tokens[seat]));
    this.seats.clear();
    data.tokens.forEach((token, seat) => { if (tokens.has(token)) this.seats.add(seat); });
  }

  toggle(seat) {
    if (!this.seats.delete(seat)) this.seats.add(seat);
    this._changed();
  }

  add(seats) {
    for (const seat of seats) this.seats.add(seat);
    this._changed();
  }

  clear() {
    if (!this.seats.size) return;
    this.seats.clear();
    this._changed();
  }
}
