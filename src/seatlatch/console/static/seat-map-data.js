// The seats of a map and their states, in columns: one value for each seat, by its number.

export const FREE = "F".charCodeAt(0);
export const LISTED = "L".charCodeAt(0);
export const HELD = "H".charCodeAt(0);
export const VOID = "V".charCodeAt(0);

export const STATE_NAMES = new Map([[FREE, "free"], [LISTED, "listed"], [HELD, "held"], [VOID, "void"]]);

/** The 32-bit numbers of a text in Base64. */
function numbers(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, at) => view.getUint32(at * 4, true));
}

export class SeatData {
  /** `layout`: the response with sections, rows and seats. */
  constructor(layout) {
    this.mapId = layout.map;
    this.sections = [];
    this.names = [];
    this.tokens = [];
    for (const [name, rows] of layout.sections) {
      const section = { name, first: this.tokens.length, rows: [] };
      for (const [rowName, names, tokens] of rows) {
        section.rows.push({ name: rowName, first: this.tokens.length, length: tokens.length });
        for (const one of names) this.names.push(one);
        for (const one of tokens) this.tokens.push(one);
      }
      this.sections.push(section);
    }
    this.count = this.tokens.length;
    this.states = new Uint8Array(this.count);
    this.channels = new Uint32Array(this.count);
    this.since = new Uint32Array(this.count);
    this.until = new Map();
    this.channelCodes = [];
    this.at = "";
    this.clockOffset = 0;
  }

  /** The time by the service's clock, in seconds since 1970. */
  now() {
    return Math.floor(Date.now() / 1000) + this.clockOffset;
  }

  /** Takes over the states of a response. Returns the changed seats; null = all may have changed. */
  apply(states) {
    this.at = states.at;
    this.clockOffset = states.now - Math.floor(Date.now() / 1000);
    this.channelCodes = states.channelCodes;
    if (!states.seats) {
      this.states = Uint8Array.from(states.states, (letter) => letter.charCodeAt(0));
      this.channels = numbers(states.channels);
      this.since = numbers(states.since);
      this.until = new Map(states.until);
      return null;
    }
    states.seats.forEach((seat, at) => {
      this.states[seat] = states.states.charCodeAt(at);
      this.channels[seat] = states.channels[at];
      this.since[seat] = states.since[at];
      this.until.delete(seat);
    });
    for (const [seat, until] of states.until) this.until.set(seat, until);
    return states.seats;
  }

  /** Ends the holds whose end has come. Returns their seats. */
  endHolds() {
    const now = this.now();
    const ended = [];
    for (const [seat, until] of this.until) {
      if (until > now) continue;
      this.until.delete(seat);
      if (this.states[seat] !== HELD) continue;
      this.states[seat] = this.channels[seat] ? LISTED : FREE;
      ended.push(seat);
    }
    return ended;
  }

  /** The code of the channel that has listed a seat; an empty text = none has. */
  channelOf(seat) {
    return this.channels[seat] ? this.channelCodes[this.channels[seat] - 1] : "";
  }

  /** How many seats are in each state, and how many each channel has listed. */
  counts() {
    const states = new Map([...STATE_NAMES.keys()].map((state) => [state, 0]));
    const channels = new Array(this.channelCodes.length + 1).fill(0);
    for (let seat = 0; seat < this.count; seat += 1) {
      states.set(this.states[seat], states.get(this.states[seat]) + 1);
      channels[this.channels[seat]] += 1;
    }
    return { states, channels };
  }
}
