// A seat in words: for the tooltip, and for screen readers.

import { HELD, STATE_NAMES } from "./seat-map-data.js";

const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function timeOf(seconds) {
  return when.format(new Date(seconds * 1000));
}

/** The place of a seat. Parts that the ticket does not have are left out. */
export function placeInWords(data, layout, seat) {
  const line = layout.lines[layout.lineOf[seat]];
  const parts = [
    ["Section", line.block.section.name],
    ["row", line.row.name],
    ["seat", data.names[seat]],
  ].filter(([, name]) => name);
  return parts.length ? parts.map((part) => part.join(" ")).join(", ") : `Ticket ${data.tokens[seat]}`;
}

/** The state of a seat, with its channel and times. */
export function stateInWords(data, seat) {
  const state = data.states[seat];
  const channel = data.channelOf(seat);
  let text = STATE_NAMES.get(state);
  if (channel) text += state === HELD ? ` over a listing by ${channel}` : ` by ${channel}`;
  if (data.since[seat]) text += ` since ${timeOf(data.since[seat])}`;
  if (data.until.has(seat)) text += `, until ${timeOf(data.until.get(seat))}`;
  return text;
}
