// How a seat looks: its colour, its pattern and its letter, in each size. Never the colour alone.

import { FREE, HELD, LISTED, VOID } from "./seat-map-data.js";

export const HUES = 8;

/** The pixels of a seat in the picture of the whole map, and the space after it. */
export const PIXELS = 4;

/** From this size on a seat has its letter. */
const LETTER_PIXELS = 14;
const NUMBER_PIXELS = 22;

/** Which of 3 × 3 pixels have the colour of the state: the frame, all, two lines, or a diagonal. */
const PATTERNS = new Map([
  [FREE, [1, 1, 1, 1, 0, 1, 1, 1, 1]],
  [LISTED, [1, 1, 1, 1, 1, 1, 1, 1, 1]],
  [HELD, [1, 1, 1, 0, 0, 0, 1, 1, 1]],
  [VOID, [1, 0, 0, 0, 1, 0, 0, 0, 1]],
]);

/** Where the seats of a channel are open, among 3 × 3 places. The first of eight channels has none. */
const MARKS = [-1, 0, 2, 6, 8, 1, 3, 5];

function markOf(state, channel) {
  return state === LISTED ? MARKS[(channel - 1) % HUES] : -1;
}

/** The colours of the theme, from the variables of the style sheet. */
export function readColours(element) {
  const style = getComputedStyle(element);
  const value = (name) => style.getPropertyValue(`--seat-${name}`).trim();
  const listed = Array.from({ length: HUES }, (_, hue) => ({ fill: value(`listed-${hue}`), text: value("listed-text") }));
  return {
    listed,
    free: { fill: value("free"), text: value("free-text") },
    held: { fill: value("held"), text: value("held-text") },
    void: { fill: value("void"), text: value("void-text") },
    page: value("page"),
    text: value("text"),
    selected: value("selected"),
    focus: value("focus"),
  };
}

export function coloursOf(colours, state, channel) {
  if (state === LISTED) return colours.listed[(channel - 1) % HUES];
  return state === HELD ? colours.held : state === VOID ? colours.void : colours.free;
}

/** A colour `#rrggbb` as a pixel, between the page's colour and itself. */
function pixel(colour, page, strength) {
  const part = (text, at) => parseInt(text.slice(at, at + 2), 16);
  const mixed = [1, 3, 5].map((at) => Math.round(part(page, at) + (part(colour, at) - part(page, at)) * strength));
  return (255 << 24) | (mixed[2] << 16) | (mixed[1] << 8) | mixed[0];
}

/** Paints seats into the pixels of the picture of the whole map. */
export class Pixels {
  constructor(colours) {
    this._colours = colours;
    this._made = new Map();
  }

  paint(image, x, y, state, channel, isFaint) {
    const key = state | (isFaint ? 256 : 0) | ((state === LISTED ? (channel - 1) % HUES : 0) << 9);
    let cell = this._made.get(key);
    if (!cell) {
      cell = this._make(state, channel, isFaint ? 0.18 : 1);
      this._made.set(key, cell);
    }
    let at = (y * image.width + x) * PIXELS;
    for (let line = 0; line < 3; line += 1) {
      image.pixels[at] = cell[line * 3];
      image.pixels[at + 1] = cell[line * 3 + 1];
      image.pixels[at + 2] = cell[line * 3 + 2];
      at += image.width;
    }
  }

  _make(state, channel, strength) {
    const { page } = this._colours;
    const fill = pixel(coloursOf(this._colours, state, channel).fill, page, strength);
    const none = pixel(page, page, 1);
    const mark = markOf(state, channel);
    return PATTERNS.get(state).map((isFilled, place) => (isFilled && place !== mark ? fill : none));
  }
}

/** Pictures of single seats, made once for each look and size. */
export class Sprites {
  constructor(colours) {
    this._colours = colours;
    this._made = new Map();
    this._size = 0;
  }

  get(size, state, channel, isFaint) {
    if (size !== this._size) {
      this._made.clear();
      this._size = size;
    }
    const number = state === LISTED || state === HELD ? channel : 0;
    const key = `${state} ${number} ${isFaint}`;
    let sprite = this._made.get(key);
    if (!sprite) {
      sprite = this._make(size, state, number, isFaint);
      this._made.set(key, sprite);
    }
    return sprite;
  }

  _make(size, state, channel, isFaint) {
    const sprite = document.createElement("canvas");
    sprite.width = size;
    sprite.height = size;
    const context = sprite.getContext("2d");
    const { fill, text } = coloursOf(this._colours, state, channel);
    const side = size - Math.max(1, Math.round(size * 0.12));
    context.globalAlpha = isFaint ? 0.2 : 1;
    context.fillStyle = fill;
    context.strokeStyle = text;
    context.lineWidth = Math.max(1, side / 12);
    context.fillRect(0, 0, side, side);
    drawPattern(context, side, state);
    if (size < NUMBER_PIXELS) drawMark(context, side, text, markOf(state, channel));
    if (size >= LETTER_PIXELS) drawLetter(context, side, text, fill, state, size >= NUMBER_PIXELS ? channel : 0);
    return sprite;
  }
}

/** A frame around free seats, lines through held ones, and a cross through void ones. */
function drawPattern(context, side, state) {
  const line = (x1, y1, x2, y2) => {
    context.beginPath();
    context.moveTo(x1 * side, y1 * side);
    context.lineTo(x2 * side, y2 * side);
    context.stroke();
  };
  const half = context.lineWidth / 2;
  if (state === FREE) context.strokeRect(half, half, side - 2 * half, side - 2 * half);
  if (state === HELD) for (const y of [0.12, 0.88]) line(0, y, 1, y);
  if (state === VOID) {
    line(0, 0, 1, 1);
    line(1, 0, 0, 1);
  }
}

/** Tells channels apart where seats have no number. */
function drawMark(context, side, text, mark) {
  if (mark < 0) return;
  const part = side / 3;
  context.fillStyle = text;
  context.fillRect((mark % 3) * part, Math.floor(mark / 3) * part, part, part);
}

function drawLetter(context, side, text, fill, state, channel) {
  const word = String.fromCharCode(state) + (channel || "");
  context.font = `600 ${Math.floor(side * (word.length > 2 ? 0.42 : 0.56))}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  if (state === VOID) {
    context.fillStyle = fill;
    context.fillRect(side * 0.25, side * 0.25, side * 0.5, side * 0.5);
  }
  context.fillStyle = text;
  context.fillText(word, side / 2, side / 2 + 0.5);
}
