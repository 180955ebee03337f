// What is visible of the map: how large a seat is on the screen, and which place is at the corner.

const SEAT_PIXELS_MAX = 64;
const MARGIN = 1;

/** The first visible place of one axis, along which the screen shows `seen` of a map of `all`. */
function bounded(first, seen, all) {
  if (seen >= all + 2 * MARGIN) return (all - seen) / 2;
  return Math.min(Math.max(first, -MARGIN), all + MARGIN - seen);
}

export class View {
  /** `changed`: called after each change. */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.layout = null;
    this.scale = 1;
    this.left = 0;
    this.top = 0;
    this.ratio = 1;
    this._isWhole = true;
    new ResizeObserver(() => this.resize()).observe(canvas);
  }

  resize() {
    this.ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.canvas;
    this.canvas.width = Math.max(1, Math.round(clientWidth * this.ratio));
    this.canvas.height = Math.max(1, Math.round(clientHeight * this.ratio));
    if (!this.layout) return;
    if (this._isWhole) this.showAll();
    else this._bound();
  }

  use(layout) {
    this.layout = layout;
    this.showAll();
  }

  get aspect() {
    return this.canvas.width / this.canvas.height;
  }

  showAll() {
    this.scale = this._scaleOfAll();
    this.left = (this.layout.width - this.canvas.width / this.scale) / 2;
    this.top = (this.layout.height - this.canvas.height / this.scale) / 2;
    this._isWhole = true;
    this.changed();
  }

  _scaleOfAll() {
    const across = this.canvas.width / (this.layout.width + 2 * MARGIN);
    const down = this.canvas.height / (this.layout.height + 2 * MARGIN);
    return Math.min(across, down, SEAT_PIXELS_MAX * this.ratio);
  }

  /** Zooms around a point of the screen; without one around the middle. */
  zoom(factor, x = this.canvas.width / 2, y = this.canvas.height / 2) {
    const before = this.toMap(x, y);
    const scale = Math.min(Math.max(this.scale * factor, this._scaleOfAll()), SEAT_PIXELS_MAX * this.ratio);
    this.scale = scale;
    this.left = before.x - x / scale;
    this.top = before.y - y / scale;
    this._bound();
  }

  /** Moves by pixels of the screen. */
  move(x, y) {
    this.left += x / this.scale;
    this.top += y / this.scale;
    this._bound();
  }

  /** Shows a rectangle of the map as large as possible, but no seat larger than `pixels`. */
  show(x, y, width, height, pixels = 24) {
    const fitting = Math.min(this.canvas.width / (width + 2 * MARGIN), this.canvas.height / (height + 2 * MARGIN));
    this.scale = Math.max(Math.min(fitting, pixels * this.ratio), this._scaleOfAll());
    this.left = x + (width - this.canvas.width / this.scale) / 2;
    this.top = y + (height - this.canvas.height / this.scale) / 2;
    this._bound();
  }

  /** Moves as little as needed to show a place, and zooms in until its seat can be recognized. */
  reveal(x, y, pixels) {
    if (this.scale < pixels * this.ratio) this.show(x - 10, y - 6, 20, 12, pixels);
    const [left, top, right, bottom] = this.visible();
    const width = right - left;
    const height = bottom - top;
    if (x < left + 1 || x > right - 2) this.left = x - width / 2;
    if (y < top + 1 || y > bottom - 2) this.top = y - height / 2;
    this._bound();
  }

  /** Keeps the map on the screen; in the middle where it is smaller. */
  _bound() {
    this._isWhole = false;
    this.left = bounded(this.left, this.canvas.width / this.scale, this.layout.width);
    this.top = bounded(this.top, this.canvas.height / this.scale, this.layout.height);
    this.changed();
  }

  /** The visible rectangle of the map: left, top, right, bottom. */
  visible() {
    return [this.left, this.top, this.left + this.canvas.width / this.scale, this.top + this.canvas.height / this.scale];
  }

  toScreen(x, y) {
    return { x: (x - this.left) * this.scale, y: (y - this.top) * this.scale };
  }

  toMap(x, y) {
    return { x: this.left + x / this.scale, y: this.top + y / this.scale };
  }
}
