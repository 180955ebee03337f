// Reads a file as bytes, in portions of whole lines. The service decides what a line means.

const CHUNK_BYTES = 1024 * 1024;
const PORTION_BYTES_MAX = 256 * 1024;
const LINE_BYTES_MAX = 65_536;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Whether the first line ends with CR without LF: then all lines do, as in old Mac files. */
function endsWithReturns(bytes) {
  let at = bytes.findIndex((byte) => byte === LINE_FEED || byte === CARRIAGE_RETURN);
  if (at < 0 || bytes[at] === LINE_FEED) return false;
  while (bytes[at] === CARRIAGE_RETURN) at += 1;
  return at < bytes.length && bytes[at] !== LINE_FEED;
}

function joined(one, other) {
  if (!one.length) return other;
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/** The place of the line's end and of the next line; null = the line may go on. */
function endOfLine(bytes, from, hasReturns, isLast) {
  if (!hasReturns) {
    const end = bytes.indexOf(LINE_FEED, from);
    return end < 0 ? null : [end, end + 1];
  }
  for (let end = from; end < bytes.length; end += 1) {
    if (bytes[end] === LINE_FEED) return [end, end + 1];
    if (bytes[end] === CARRIAGE_RETURN) {
      if (end + 1 === bytes.length && !isLast) return null;
      return [end, bytes[end + 1] === LINE_FEED ? end + 2 : end + 1];
    }
  }
  return null;
}

/** Yields the lines of a file as bytes, in arrays. A line that is too long is cut. */
async function* lineGroups(file, hasReturns) {
  let rest = new Uint8Array();
  let isSkipping = false;
  for (let at = 0; at < file.size; at += CHUNK_BYTES) {
    const chunk = new Uint8Array(await file.slice(at, at + CHUNK_BYTES).arrayBuffer());
    const bytes = joined(rest, chunk);
    const isLast = at + CHUNK_BYTES >= file.size;
    const lines = [];
    let from = 0;
    for (let found; (found = endOfLine(bytes, from, hasReturns, isLast)); [, from] = found) {
      if (!isSkipping) lines.push(bytes.subarray(from, Math.min(found[0], from + LINE_BYTES_MAX + 2)));
      isSkipping = false;
    }
    rest = bytes.subarray(from);
    if (isLast && rest.length && !isSkipping) lines.push(rest.subarray(0, LINE_BYTES_MAX + 2));
    if (rest.length > LINE_BYTES_MAX + 2 && !isLast) {
      if (!isSkipping) lines.push(rest.subarray(0, LINE_BYTES_MAX + 2));
      isSkipping = true;
      rest = new Uint8Array();
    }
    yield lines;
  }
}

/** A file to import. */
export class ImportFile {
  constructor(file, lineEnd) {
    this.file = file;
    this.lineEnd = lineEnd;
    this.header = [];
  }

  static async open(file) {
    const start = new Uint8Array(await file.slice(0, LINE_BYTES_MAX + 2).arrayBuffer());
    return new ImportFile(file, endsWithReturns(start) ? CARRIAGE_RETURN : LINE_FEED);
  }

  get hasReturns() {
    return this.lineEnd === CARRIAGE_RETURN;
  }

  /** The first lines, as the body of a request. */
  async start(lines) {
    for await (const group of lineGroups(this.file, this.hasReturns)) return this.body(group.slice(0, lines));
    return this.body([]);
  }

  /** Keeps the lines of the header, which each portion repeats. */
  async readHeader(lines) {
    for await (const group of lineGroups(this.file, this.hasReturns)) {
      this.header = group.slice(0, lines).map((line) => line.slice());
      return;
    }
  }

  /** Yields the lines after the header in portions: `firstLine`, `lines`, and `bytes` read so far. */
  async* portions(linesMax) {
    let firstLine = 1;
    let lines = [];
    let size = 0;
    let bytes = 0;
    for await (const group of lineGroups(this.file, this.hasReturns)) {
      for (const line of group) {
        const isHeader = firstLine === 1 && lines.length < this.header.length;
        size += line.length + 1;
        lines.push(line);
        if (isHeader && lines.length === this.header.length) {
          bytes += size;
          [firstLine, lines, size] = [lines.length + 1, [], 0];
        } else if (!isHeader && (lines.length === linesMax || size >= PORTION_BYTES_MAX)) {
          bytes += size;
          yield { firstLine, lines, bytes };
          [firstLine, lines, size] = [firstLine + lines.length, [], 0];
        }
      }
    }
    if (lines.length) yield { firstLine, lines, bytes: this.file.size };
  }

  /** The header and these lines as the body of a request. */
  body(lines) {
    const end = new Uint8Array([this.lineEnd]);
    return new Blob([...this.header, ...lines].flatMap((line) => [line, end]));
  }
}

const text = new TextDecoder();

/** A line for people, shortened. Bytes that are not UTF-8 become a replacement character. */
export function shownLine(line) {
  return text.decode(line.subarray(0, 500)).trim();
}
