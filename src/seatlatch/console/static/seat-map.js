// The seat map of an event: loads it, draws it, and connects its parts.

import { Actions } from "./seat-map-actions.js";
import { STATE_NAMES, SeatData } from "./seat-map-data.js";
import { Drawing } from "./seat-map-drawing.js";
import { Filters } from "./seat-map-filters.js";
import { Keyboard } from "./seat-map-keyboard.js";
import { Layout } from "./seat-map-layout.js";
import { Live, fetchJson } from "./seat-map-live.js";
import { HUES } from "./seat-map-paint.js";
import { Pointer } from "./seat-map-pointer.js";
import { Selection } from "./seat-map-selection.js";
import { View } from "./seat-map-view.js";
import { placeInWords, stateInWords } from "./seat-map-words.js";

const HOLDS_MILLISECONDS = 1000;
const root = document.getElementById("seat-map");
const canvas = document.getElementById("canvas");
const element = (id) => document.getElementById(id);
const numberText = new Intl.NumberFormat();

/** The map that is shown. Another one replaces it after an import; the parts below stay. */
let map = null;
const view = new View(canvas, () => map?.drawing.request());
const selection = new Selection(() => showSelection());
const filters = new Filters(element("filters"), () => {
  map?.drawing.repaint();
  history.replaceState(null, "", `${location.pathname}${filters.query}`);
  showTableLink();
});
const keyboard = new Keyboard(canvas, view, {
  focus: showFocus,
  select: (seats) => selection.add(seats),
  toggle: (seat) => selection.toggle(seat),
  open,
  clear: () => selection.clear(),
});

async function load() {
  const [layoutOf, states] = await Promise.all([fetchJson(root.dataset.layout), fetchJson(root.dataset.states)]);
  if (layoutOf.map !== states.map) return load();  // an import came in between
  const data = new SeatData(layoutOf);
  data.apply(states);
  return data;
}

async function start() {
  element("map-message").textContent = "Reading the seats …";
  let data;
  try {
    data = await load();
  } catch (error) {
    element("map-message").textContent = `The seats can't be shown. ${error.message}`;
    return;
  }
  element("map-message").textContent = data.count ? "" : "This event has no seats.";
  element("map-message").hidden = data.count > 0;
  show(data);
}

function show(data) {
  selection.use(map?.data, data);
  view.resize();
  const layout = new Layout(data, view.aspect);
  filters.use(data);
  const isFaint = (seat) => filters.isOn && !filters.matches(seat);
  view.layout = layout;
  const drawing = new Drawing(canvas, data, layout, view, selection, isFaint);
  const live = new Live(root.dataset.states, data, { changed: follow, reload: start, state: showLive });
  map = { data, layout, drawing };
  keyboard.use(data, layout);
  drawing.onDrawn = () => {
    drawing.onDrawn = () => {};
    performance.mark("seat-map:first-draw");
  };
  view.use(layout);
  showTableLink();
  showSections();
  showLegend();
  showSelection();
  live.run();
}

/** Takes over changes, and draws them. */
function follow(states) {
  const changed = map.data.apply(states);
  if (changed && !changed.length) return;
  filters.update();
  if (changed) map.drawing.repaintSeats(changed, true);
  else map.drawing.repaint();
  afterChange(changed);
  map.drawing.onDrawn = () => {
    map.drawing.onDrawn = () => {};
    performance.clearMarks("seat-map:change-draw");
    performance.mark("seat-map:change-draw", { detail: changed ? changed.length : map.data.count });
  };
}

function afterChange(changed) {
  showLegend();
  const { seat } = keyboard;
  if (seat >= 0 && (!changed || changed.includes(seat))) showFocus(seat);
}

function open(seat) {
  location.assign(`${root.dataset.tickets}/${encodeURIComponent(map.data.tokens[seat])}`);
}

function showFocus(seat) {
  map.drawing.focus = seat;
  map.drawing.request();
  const isSelected = selection.seats.has(seat) ? ", selected" : "";
  element("focused-seat").textContent = `${placeInWords(map.data, map.layout, seat)}: ${stateInWords(map.data, seat)}${isSelected}`;
}

function showHover(seat, x, y) {
  const tooltip = element("tooltip");
  tooltip.hidden = seat < 0;
  if (seat < 0) return;
  tooltip.textContent = `${placeInWords(map.data, map.layout, seat)}\n${stateInWords(map.data, seat)}\nTicket ${map.data.tokens[seat]}`;
  const isRight = x > canvas.clientWidth / 2;
  tooltip.style.left = isRight ? "" : `${x + 14}px`;
  tooltip.style.right = isRight ? `${canvas.clientWidth - x + 14}px` : "";
  tooltip.style.top = `${Math.min(y + 14, canvas.clientHeight - 80)}px`;
}

function showSelection() {
  const { size } = selection.seats;
  const most = Number(element("selection").dataset.most);
  element("selected-count").textContent = size === 0 ? "No seat" : size === 1 ? "1 seat" : `${numberText.format(size)} seats`;
  element("too-many").hidden = size <= most;
  for (const button of element("selection").querySelectorAll("button[name=action]")) button.disabled = size === 0 || size > most;
  if (!map) return;
  if (keyboard.seat >= 0) showFocus(keyboard.seat);
  map.drawing.request();
}

function showLive(text) {
  element("live-state").textContent = text;
}

/** The table has the same filters. */
function showTableLink() {
  const link = element("table-link");
  link.href = `${link.href.split("?")[0]}${filters.query}`;
}

function showSections() {
  const choice = element("section");
  choice.replaceChildren(new Option("", ""), ...map.data.sections.map((one, at) => new Option(one.name || "No section", at)));
}

function showLegend() {
  const { states, channels } = map.data.counts();
  const items = [...STATE_NAMES].map(([state, name]) => legendItem(String.fromCharCode(state), name, states.get(state), name));
  map.data.channelCodes.forEach((code, at) => {
    if (!channels[at + 1]) return;
    const item = legendItem(`L${at + 1}`, code, channels[at + 1], `listed channel-${at % HUES}`);
    item.prepend(smallSeat(at % HUES), " ");
    items.push(item);
  });
  element("legend").replaceChildren(...items);
}

function legendItem(letter, name, count, look) {
  const item = document.createElement("li");
  const key = document.createElement("span");
  key.className = `key ${look}`;
  key.textContent = letter;
  item.append(key, ` ${name} ${numberText.format(count)}`);
  return item;
}

/** A seat of a channel as it looks where it is too small for its letter. */
function smallSeat(hue) {
  const seat = document.createElement("span");
  seat.className = `small-seat channel-${hue}`;
  return seat;
}

function selectMatching() {
  const { data } = map;
  const found = [];
  for (let seat = 0; seat < data.count; seat += 1) if (filters.matches(seat)) found.push(seat);
  selection.add(found);
}

const pointer = new Pointer(canvas, view, {
  hover: showHover,
  open,
  press(seat) {
    canvas.focus();
    if (seat < 0) return;
    keyboard.go(seat, false);
    selection.toggle(seat);
  },
  box(area, isDone) {
    map.drawing.box = isDone ? null : area;
    map.drawing.request();
    if (!isDone) return;
    const seats = [];
    map.layout.within(area.left, area.top, area.right, area.bottom, (line, first, end) => {
      for (let seat = first; seat < end; seat += 1) if (!map.drawing.isFaint(seat)) seats.push(seat);
    });
    selection.add(seats);
  },
});

root.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || !map) return;
  const { zoom, mode, select } = button.dataset;
  if (zoom === "all") view.showAll();
  else if (zoom) view.zoom(zoom === "in" ? 1.5 : 1 / 1.5);
  if (select === "none") selection.clear();
  if (select === "matching") selectMatching();
  if (!mode) return;
  pointer.mode = mode;
  canvas.dataset.mode = mode;
  for (const one of root.querySelectorAll("[data-mode]")) if (one !== canvas) one.setAttribute("aria-pressed", one === button);
});
element("section").addEventListener("change", (event) => {
  const block = map?.layout.blocks[event.target.value];
  if (!block || event.target.value === "") return;
  view.show(block.x, block.y, block.width, block.height);
  if (block.section.rows.length) keyboard.go(block.section.first, false);
});
new Actions(element("selection"), element("change"), () => [...selection.seats].sort((a, b) => a - b).map((seat) => map.data.tokens[seat]), () => canvas.focus());
setInterval(() => {
  const ended = map?.data.endHolds() ?? [];
  if (!ended.length) return;
  map.drawing.repaintSeats(ended, true);
  afterChange(ended);
}, HOLDS_MILLISECONDS);
const changeTheme = () => map?.drawing.changeTheme();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changeTheme);
new MutationObserver(changeTheme).observe(document.documentElement, { attributeFilter: ["data-theme"] });
start();
