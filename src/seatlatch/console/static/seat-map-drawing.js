// Draws what is visible of the map, at most once for each frame of the screen.

import { PIXELS, Pixels, Sprites, readColours } from "./seat-map-paint.js";

/** Below this size of a seat the picture of the whole map is drawn, else each seat. */
const SINGLE_PIXELS = 6;
const TITLE_PIXELS = 7;
const ROW_PIXELS = 12;
const NEWS_MILLISECONDS = 2000;

export class Drawing {
  /** `view`: what is visible; `isFaint(seat)`: whether the filters exclude a seat. */
  constructor(canvas, data, layout, view, selection, isFaint) {
    Object.assign(this, { canvas, data, layout, view, selection, isFaint });
    this.focus = -1;
    this.box = null;
    this.onDrawn = () => {};
    this._context = canvas.getContext("2d", { alpha: false });
    this._picture = document.createElement("canvas");
    this._picture.width = Math.ceil(layout.width) * PIXELS;
    this._picture.height = Math.ceil(layout.height) * PIXELS;
    this._pictureContext = this._picture.getContext("2d", { alpha: false });
    this._image = this._pictureContext.createImageData(this._picture.width, this._picture.height);
    this._buffer = { pixels: new Uint32Array(this._image.data.buffer), width: this._picture.width };
    this._news = new Map();
    this._frame = 0;
    this._timer = 0;
    this.changeTheme();
  }

  changeTheme() {
    this.colours = readColours(this.canvas);
    this._pixels = new Pixels(this.colours);
    this._sprites = new Sprites(this.colours);
    this.repaint();
  }

  /** All seats may look different. */
  repaint() {
    const page = this.colours.page;
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(page.slice(at, at + 2), 16));
    this._buffer.pixels.fill((255 << 24) | (blue << 16) | (green << 8) | red);
    for (let seat = 0; seat < this.data.count; seat += 1) this._paint(seat);
    this._pictureContext.putImageData(this._image, 0, 0);
    this.request();
  }

  /** Some seats look different. `isNews`: mark them for a moment. */
  repaintSeats(seats, isNews) {
    const until = performance.now() + NEWS_MILLISECONDS;
    for (const seat of seats) {
      const { x, y } = this._paint(seat);
      if (seats.length <= 2000) {
        this._pictureContext.putImageData(this._image, 0, 0, x * PIXELS, y * PIXELS, PIXELS, PIXELS);
        if (isNews) this._news.set(seat, until);
      }
    }
    if (seats.length > 2000) this._pictureContext.putImageData(this._image, 0, 0);
    this.request();
  }

  _paint(seat) {
    const place = this.layout.placeOf(seat);
    const { states, channels } = this.data;
    this._pixels.paint(this._buffer, place.x, place.y, states[seat], channels[seat], this.isFaint(seat));
    return place;
  }

  /** Draw in the next frame. */
  request() {
    if (this._frame) return;
    this._frame = requestAnimationFrame(() => {
      this._frame = 0;
      this._draw();
      this.onDrawn();
    });
  }

  _draw() {
    const { _context: context, view, colours } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = colours.page;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    const seen = view.visible();
    if (view.scale < SINGLE_PIXELS) this._drawPicture(context, view);
    else this._drawSeats(context, view, seen);
    this._drawTexts(context, view, seen);
    this._drawMarks(context, view, seen);
    if (this.box) this._drawBox(context, view);
  }

  _drawPicture(context, view) {
    context.imageSmoothingEnabled = view.scale < PIXELS;
    context.imageSmoothingQuality = "medium";
    const { x, y } = view.toScreen(0, 0);
    const factor = view.scale / PIXELS;
    context.drawImage(this._picture, x, y, this._picture.width * factor, this._picture.height * factor);
  }

  _drawSeats(context, view, seen) {
    const { states, channels } = this.data;
    const size = Math.round(view.scale);
    this.layout.within(...seen, (line, first, end) => {
      for (let seat = first; seat < end; seat += 1) {
        const { x, y } = view.toScreen(line.x + seat - line.first, line.y);
        const sprite = this._sprites.get(size, states[seat], channels[seat], this.isFaint(seat));
        context.drawImage(sprite, Math.round(x), Math.round(y));
      }
    });
  }

  _drawTexts(context, view, seen) {
    context.fillStyle = this.colours.text;
    context.textBaseline = "middle";
    const size = Math.min(18 * view.ratio, Math.max(view.scale * 1.3, TITLE_PIXELS * view.ratio));
    for (const block of this.layout.blocks) {
      if (block.x > seen[2] || block.y > seen[3] || block.x + block.width < seen[0] || block.y + block.height < seen[1]) continue;
      const { x, y } = view.toScreen(block.x, block.y + 1);
      const room = block.width * view.scale;
      context.textAlign = "left";
      context.font = `600 ${size}px system-ui, sans-serif`;
      const name = block.section.name || "No section";
      if (2 * view.scale >= TITLE_PIXELS * view.ratio && context.measureText(name).width <= room) context.fillText(name, x, y);
      if (view.scale >= ROW_PIXELS * view.ratio) this._drawRowNames(context, view, block);
    }
  }

  _drawRowNames(context, view, block) {
    context.textAlign = "right";
    context.font = `${Math.min(14 * view.ratio, view.scale * 0.7)}px system-ui, sans-serif`;
    for (const line of block.lines) {
      if (!line.isFirst) continue;
      const { x, y } = view.toScreen(line.x - 0.5, line.y + 0.5);
      context.fillText(line.row.name, x, y, view.scale * 2.4);
    }
  }

  /** Selected seats, news, and the focused seat. */
  _drawMarks(context, view, seen) {
    const now = performance.now();
    for (const [seat, until] of this._news) {
      if (until < now) this._news.delete(seat);
      else this._frameSeat(context, view, seat, this.colours.text, 2);
    }
    if (this._news.size && !this._timer) {
      this._timer = setTimeout(() => {
        this._timer = 0;
        this.request();
      }, NEWS_MILLISECONDS);
    }
    for (const seat of this.selection.seats) {
      const { x, y } = this.layout.placeOf(seat);
      if (x < seen[0] - 1 || x > seen[2] || y < seen[1] - 1 || y > seen[3]) continue;
      this._frameSeat(context, view, seat, this.colours.selected, 3);
    }
    if (this.focus >= 0) this._frameSeat(context, view, this.focus, this.colours.focus, 3, 3);
  }

  _frameSeat(context, view, seat, colour, width, distance = 0) {
    const place = this.layout.placeOf(seat);
    const { x, y } = view.toScreen(place.x, place.y);
    const side = view.scale * 0.88;
    if (view.scale < SINGLE_PIXELS && !distance) {
      context.fillStyle = colour;
      context.fillRect(x, y, Math.max(side, 2), Math.max(side, 2));
      return;
    }
    context.strokeStyle = colour;
    context.lineWidth = width * view.ratio;
    const away = distance * view.ratio;
    context.strokeRect(x - away, y - away, side + 2 * away, side + 2 * away);
  }

  _drawBox(context, view) {
    const { x, y } = view.toScreen(this.box.left, this.box.top);
    const width = (this.box.right - this.box.left) * view.scale;
    const height = (this.box.bottom - this.box.top) * view.scale;
    context.strokeStyle = this.colours.selected;
    context.lineWidth = 2 * view.ratio;
    context.setLineDash([6 * view.ratio, 4 * view.ratio]);
    context.strokeRect(x, y, width, height);
    context.setLineDash([]);
  }
}
