// Where each seat is on the map. The unit is one seat; each section is a block of lines.

const TITLE = 2;
const ROW_LABEL = 3;
const GAP = 2;
const LINE_MIN = 50;

/** The most seats of a line: longer rows are wrapped, above all those without any row. */
function lineLength(section) {
  const longest = Math.max(...section.rows.map((row) => row.length));
  return Math.max(LINE_MIN, Math.ceil(Math.sqrt(2 * longest)));
}

function linesOf(section) {
  const most = lineLength(section);
  const lines = [];
  for (const row of section.rows) {
    for (let at = 0; at < row.length; at += most) {
      lines.push({ row, isFirst: at === 0, first: row.first + at, length: Math.min(most, row.length - at) });
    }
  }
  return lines;
}

export class Layout {
  /** `aspect`: the width of the screen divided by its height. */
  constructor(data, aspect) {
    this.blocks = data.sections.map((section) => {
      const lines = linesOf(section);
      const seats = lines.reduce((most, line) => Math.max(most, line.length), 0);
      return { section, lines, x: 0, y: 0, width: ROW_LABEL + Math.max(seats, 6), height: TITLE + lines.length };
    });
    this._place(aspect);
    this.lineOf = new Uint32Array(data.count);
    this.lines = [];
    for (const block of this.blocks) {
      block.lines.forEach((line, at) => {
        line.block = block;
        line.x = block.x + ROW_LABEL;
        line.y = block.y + TITLE + at;
        this.lineOf.fill(this.lines.length, line.first, line.first + line.length);
        this.lines.push(line);
      });
    }
  }

  /** Places the blocks side by side, in shelves of about the shape of the screen. */
  _place(aspect) {
    const area = this.blocks.reduce((sum, block) => sum + (block.width + GAP) * (block.height + GAP), 0);
    const widest = this.blocks.reduce((most, block) => Math.max(most, block.width), 1);
    const target = Math.max(widest, Math.sqrt(area * aspect));
    let x = 0;
    let y = 0;
    let shelf = 0;
    this.width = 1;
    for (const block of this.blocks) {
      if (x > 0 && x + block.width > target) {
        x = 0;
        y += shelf + GAP;
        shelf = 0;
      }
      block.x = x;
      block.y = y;
      x += block.width + GAP;
      shelf = Math.max(shelf, block.height);
      this.width = Math.max(this.width, x - GAP);
    }
    this.height = y + shelf || 1;
  }

  /** The place of a seat. */
  placeOf(seat) {
    const line = this.lines[this.lineOf[seat]];
    return { x: line.x + seat - line.first, y: line.y };
  }

  /** The seat at a place; -1 = there is none. */
  seatAt(x, y) {
    for (const block of this.blocks) {
      if (x < block.x || y < block.y || x >= block.x + block.width || y >= block.y + block.height) continue;
      const line = block.lines[Math.floor(y - block.y - TITLE)];
      const at = Math.floor(x - block.x - ROW_LABEL);
      return line && y >= line.y && at >= 0 && at < line.length ? line.first + at : -1;
    }
    return -1;
  }

  /** Calls `visit` with the parts of lines that are in a rectangle: a line, its first seat and the end. */
  within(left, top, right, bottom, visit) {
    for (const block of this.blocks) {
      if (block.x > right || block.y > bottom || block.x + block.width < left || block.y + block.height < top) continue;
      const begin = Math.max(0, Math.floor(top - block.y - TITLE));
      const end = Math.min(block.lines.length, Math.ceil(bottom - block.y - TITLE));
      for (let at = begin; at < end; at += 1) {
        const line = block.lines[at];
        const from = Math.max(0, Math.floor(left - line.x));
        const to = Math.min(line.length, Math.ceil(right - line.x));
        if (from < to) visit(line, line.first + from, line.first + to);
      }
    }
  }
}
