// The keyboard: a focused seat, which arrow keys move.

const LETTER_PIXELS = 16;

export class Keyboard {
  /** `actions`: focus(seat), select(seats), toggle(seat), open(seat), clear(). */
  constructor(canvas, view, actions) {
    Object.assign(this, { view, actions });
    this.seat = -1;
    this.data = null;
    this.layout = null;
    canvas.addEventListener("keydown", (event) => this._key(event));
    canvas.addEventListener("focus", () => {
      if (this.seat < 0 && this.data?.count) this.go(0, false);
    });
  }

  /** Takes over a map. The focus stays on its ticket. */
  use(data, layout) {
    const token = this.seat < 0 ? null : this.data.tokens[this.seat];
    this.data = data;
    this.layout = layout;
    this.seat = token === null ? -1 : data.tokens.indexOf(token);
  }

  /** Moves the focus to a seat. */
  go(seat, doesReveal = true) {
    this.seat = seat;
    const { x, y } = this.layout.placeOf(seat);
    if (doesReveal) this.view.reveal(x, y, LETTER_PIXELS);
    this.actions.focus(seat);
  }

  _key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.data?.count) return;
    const target = this._target(event.key);
    if (target !== undefined) {
      if (event.shiftKey) this.actions.select([this.seat, target]);
      this.go(target);
    } else if (!this._act(event.key)) {
      return;
    }
    event.preventDefault();
  }

  _act(key) {
    const acts = {
      Enter: () => this.actions.open(this.seat),
      " ": () => this.actions.toggle(this.seat),
      Escape: () => this.actions.clear(),
      "+": () => this.view.zoom(1.5),
      "-": () => this.view.zoom(1 / 1.5),
      0: () => this.view.showAll(),
    };
    const act = acts[key];
    if (!act || this.seat < 0) return false;
    act();
    return true;
  }

  /** The seat to which a key leads; undefined = it leads to none. */
  _target(key) {
    if (this.seat < 0) return undefined;
    const at = this.layout.lineOf[this.seat];
    const line = this.layout.lines[at];
    switch (key) {
      case "ArrowLeft": return Math.max(this.seat - 1, 0);
      case "ArrowRight": return Math.min(this.seat + 1, this.data.count - 1);
      case "ArrowUp": return this._inLine(at - 1, this.seat - line.first);
      case "ArrowDown": return this._inLine(at + 1, this.seat - line.first);
      case "Home": return line.first;
      case "End": return line.first + line.length - 1;
      case "PageUp": return this._section(line.block, -1);
      case "PageDown": return this._section(line.block, 1);
      default: return undefined;
    }
  }

  _inLine(at, column) {
    const line = this.layout.lines[Math.min(Math.max(at, 0), this.layout.lines.length - 1)];
    return line.first + Math.min(column, line.length - 1);
  }

  _section(block, step) {
    const at = this.layout.blocks.indexOf(block) + step;
    return (this.layout.blocks[at] ?? block).section.first;
  }
}
