// The mouse and touch: hover, select by a click or by dragging, move and zoom.

const DRAG_PIXELS = 4;
const WHEEL_ZOOM = 1.0015;

export class Pointer {
  /** `mode`: "select" or "move". `actions`: hover(seat, x, y), press(seat), open(seat), box(area, isDone). */
  constructor(canvas, view, actions) {
    Object.assign(this, { canvas, view, actions });
    this.mode = "select";
    this._pointers = new Map();
    this._drag = null;
    canvas.addEventListener("pointerdown", (event) => this._down(event));
    canvas.addEventListener("pointermove", (event) => this._move(event));
    canvas.addEventListener("pointerup", (event) => this._up(event));
    canvas.addEventListener("pointercancel", (event) => this._forget(event));
    canvas.addEventListener("pointerleave", () => actions.hover(-1, 0, 0));
    canvas.addEventListener("dblclick", (event) => this._open(event));
    canvas.addEventListener("wheel", (event) => this._wheel(event), { passive: false });
  }

  _point(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) * this.view.ratio, y: (event.clientY - box.top) * this.view.ratio };
  }

  _seat(event) {
    const point = this._point(event);
    const place = this.view.toMap(point.x, point.y);
    return this.view.layout.seatAt(place.x, place.y);
  }

  _down(event) {
    if (!this.view.layout) return;
    const point = this._point(event);
    this._pointers.set(event.pointerId, point);
    this.canvas.setPointerCapture(event.pointerId);
    const moves = this.mode === "move" || event.button !== 0 || event.pointerType === "touch" || this._pointers.size > 1;
    this._drag = { start: point, last: point, moves, isFar: false, isPinch: this._pointers.size > 1 };
  }

  _move(event) {
    if (!this.view.layout) return;
    const point = this._point(event);
    if (!this._pointers.has(event.pointerId)) {
      this.actions.hover(this._seat(event), event.offsetX, event.offsetY);
      return;
    }
    if (this._pointers.size === 2) this._pinch(event.pointerId, point);
    this._pointers.set(event.pointerId, point);
    const drag = this._drag;
    if (!drag || drag.isPinch) return;
    const far = Math.hypot(point.x - drag.start.x, point.y - drag.start.y);
    drag.isFar ||= far > DRAG_PIXELS * this.view.ratio;
    if (!drag.isFar) return;
    if (drag.moves) this.view.move(drag.last.x - point.x, drag.last.y - point.y);
    else this.actions.box(this._area(drag.start, point), false);
    drag.last = point;
  }

  _pinch(pointerId, point) {
    const [other] = [...this._pointers].filter(([id]) => id !== pointerId).map(([, one]) => one);
    const before = this._pointers.get(pointerId);
    const distance = (one) => Math.hypot(one.x - other.x, one.y - other.y) || 1;
    this.view.zoom(distance(point) / distance(before), (point.x + other.x) / 2, (point.y + other.y) / 2);
  }

  _up(event) {
    const drag = this._drag;
    this._forget(event);
    if (!drag || drag.isPinch) return;
    const point = this._point(event);
    if (drag.isFar) {
      if (!drag.moves) this.actions.box(this._area(drag.start, point), true);
    } else if (event.button === 0) {
      this.actions.press(this._seat(event));
    }
  }

  _forget(event) {
    this._pointers.delete(event.pointerId);
    if (!this._pointers.size) this._drag = null;
  }

  _area(one, other) {
    const from = this.view.toMap(Math.min(one.x, other.x), Math.min(one.y, other.y));
    const to = this.view.toMap(Math.max(one.x, other.x), Math.max(one.y, other.y));
    return { left: from.x, top: from.y, right: to.x, bottom: to.y };
  }

  _open(event) {
    const seat = this.view.layout ? this._seat(event) : -1;
    if (seat >= 0) this.actions.open(seat);
  }

  _wheel(event) {
    if (!this.view.layout) return;
    event.preventDefault();
    const { x, y } = this._point(event);
    this.view.zoom(WHEEL_ZOOM ** -event.deltaY, x, y);
  }
}
