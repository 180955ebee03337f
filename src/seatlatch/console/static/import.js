// The page Import: looks at a file, checks all of its lines, and imports the good ones, in portions.

import { toCsv } from "./csv.js";
import { ImportFile, shownLine } from "./import_file.js";

const LOOKED_LINES = 20;
const KEPT_PROBLEMS_MAX = 10_000;
const SHOWN_PROBLEMS_MAX = 100;
const ATTEMPTS_MAX = 6;
const TICKETS_MAX = 1_000_000;
const TOO_MANY = "The file has more than 1,000,000 tickets. Split it, or use the command seatlatch tickets import.";

const form = document.getElementById("import");
const part = (id) => document.getElementById(id);
const number = (value) => value.toLocaleString("en");
const count = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

/** The lines that can't be imported. Only the first ones are kept, all are counted. */
class Problems {
  constructor() {
    this.count = 0;
    this.kept = [];
  }

  add(found, portion) {
    this.count += 1;
    if (this.kept.length >= KEPT_PROBLEMS_MAX) return;
    const line = portion.lines[found.line - portion.firstLine];
    this.kept.push({ ...found, content: line ? shownLine(line) : "" });
  }
}

/** What the service says about a file, until another one is chosen. */
let work = null;

function show(...ids) {
  for (const id of ["look", "progress", "checked", "result", "bad"]) part(id).hidden = !ids.includes(id);
}

function complain(message) {
  part("problem").textContent = message;
  part("problem").hidden = !message;
}

function say(message) {
  part("status").textContent = message;
}

function row(cells, tag = "td") {
  const made = document.createElement("tr");
  for (const [value, isNumber] of cells) {
    const cell = document.createElement(tag);
    cell.textContent = value;
    if (isNumber) cell.className = "number";
    if (tag === "th") cell.scope = "col";
    made.append(cell);
  }
  return made;
}

const pause = (seconds) => new Promise((done) => { setTimeout(done, seconds * 1000); });

/** Sends lines of the file. While the service is not available, it is asked again. */
async function send(url, body, firstLine) {
  const query = new URLSearchParams({ organizationId: work.organizationId, asIs: work.asIs });
  if (firstLine) query.set("firstLine", firstLine);
  const headers = { "Content-Type": "text/csv", "X-CSRF-Token": form.elements.csrf.value };
  for (let attempt = 1; ; attempt += 1) {
    let response = null;
    try {
      response = await fetch(`${url}?${query}`, { method: "POST", body, headers });
    } catch (error) {
      if (attempt === ATTEMPTS_MAX) throw new Error("The service can't be reached.", { cause: error });
    }
    if (response?.ok) return response.json();
    if (response && (![429, 503].includes(response.status) || attempt === ATTEMPTS_MAX)) {
      throw new Error(await explanation(response));
    }
    await pause(Number(response?.headers.get("Retry-After")) || attempt);
  }
}

async function explanation(response) {
  if (response.status === 401) return "Your session has ended. Sign in again, and repeat the import.";
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return page.body.textContent.trim() || `The service responds with status ${response.status}.`;
}

/** Looks at the file that was chosen. */
async function look() {
  complain("");
  show();
  work = null;
  const [file] = part("file").files;
  if (!file) return;
  const chosen = { organizationId: part("organization").value, asIs: part("as-is").checked };
  work = chosen;
  try {
    chosen.file = await ImportFile.open(file);
    const body = await chosen.file.start(LOOKED_LINES);
    const found = await send(form.dataset.look, body);
    await chosen.file.readHeader(found.headerLines);
    if (work !== chosen) return; // another file was chosen meanwhile
    showLines(found);
    show("look");
    say("These are the first lines. Check all lines next.");
  } catch (error) {
    if (work === chosen) complain(reason(error));
  }
}

function showLines({ columns, delimiter, lines, bad }) {
  const [table] = part("look").getElementsByTagName("table");
  table.caption.textContent = `The columns are separated by ${delimiter}.`;
  table.tHead.replaceChildren(row([["Line", true], ...columns.map((name) => [name])], "th"));
  const all = [
    ...lines.map((one) => [one.line, row([[one.line, true], ...one.values.map((value) => [value])])]),
    ...bad.map((one) => [one.line, badRow(one, columns.length)]),
  ].sort(([one], [other]) => one - other);
  table.tBodies[0].replaceChildren(...all.map(([, made]) => made));
}

function badRow({ line, column, problem }, columns) {
  const made = row([[line, true], [column ? `${column} ${problem}` : problem]]);
  made.className = "bad";
  made.lastChild.colSpan = columns;
  return made;
}

/** Sends the file in portions to `url`; `take` gets each response with its portion. */
async function walk(phase, url, take) {
  const { file } = work;
  work.isStopped = false;
  work.readLines = 0;
  part("choices").disabled = true;
  part("phase").textContent = phase;
  draw(0, "");
  show("progress");
  part("stop").focus();
  say(phase);
  for await (const portion of file.portions(Number(form.dataset.linesMax))) {
    if (work.isStopped || portion.firstLine > work.lastLine) break;
    const lines = portion.lines.map((line, place) => {
      const here = portion.firstLine + place;
      return work.skipped.has(here) ? line.subarray(0, 0) : line; // empty lines are left out
    });
    take(await send(url, file.body(lines), portion.firstLine), portion);
    work.readLines = portion.firstLine + portion.lines.length - 1;
    draw(portion.bytes / file.file.size, `${count(work.readLines, "line")}, ${count(work.problems.count, "problem")}`);
  }
}

/** Does long work while nothing else can be chosen. Returns why it has failed, or an empty text. */
async function attempt(long) {
  complain("");
  try {
    await long();
    return "";
  } catch (error) {
    return reason(error);
  } finally {
    part("choices").disabled = false;
    part("progress").hidden = true;
  }
}

function reason(error) {
  if (error.name === "NotReadableError") return "The file has changed since it was chosen. Choose it again.";
  return error.message;
}

function draw(share, numbers) {
  part("bar").value = share;
  part("numbers").textContent = numbers;
}

/** Checks all lines. Tokens are compared over the whole file, which no single portion can do. */
async function check() {
  Object.assign(work, { problems: new Problems(), skipped: new Set(), lastLine: Infinity });
  work.tokens = new Map();
  work.outcomes = { added: 0, updated: 0, unchanged: 0 };
  const failure = await attempt(() =>
    walk("Checking", form.dataset.check, (found, portion) => {
      const repeated = found.good.flatMap((one) => compared(...one) ?? []);
      for (const one of [...found.bad, ...repeated].sort((a, b) => a.line - b.line)) work.problems.add(one, portion);
      if (found.otherColumnsFollow) work.lastLine = portion.firstLine + portion.lines.length - 1;
      if (work.tokens.size > TICKETS_MAX) throw new Error(TOO_MANY);
    }));
  if (failure) {
    complain(failure);
    show("look");
  } else {
    showChecked();
  }
}

/** The problem with a line if an earlier one has its token; otherwise its outcome is counted. */
function compared(line, token, outcome) {
  const first = work.tokens.get(token);
  if (first !== undefined) {
    work.skipped.add(line);
    return { line, column: "token", problem: `is already in line ${first}` };
  }
  work.tokens.set(token, line);
  work.outcomes[outcome] += 1;
  return undefined;
}

function showChecked() {
  const { problems, isStopped, outcomes, tokens } = work;
  const bad = problems.count ? ` ${count(problems.count, "line has a problem", "lines have problems")}.` : " No line has a problem.";
  const stopped = isStopped ? `The check was stopped after line ${number(work.readLines)}. ` : "";
  const rest = work.lastLine < Infinity ? ` Lines after ${number(work.lastLine)} follow a second header with other columns: import them by themselves.` : "";
  part("checked-text").textContent = `${stopped}${count(tokens.size, "ticket")}: ${number(outcomes.added)} new, ${number(outcomes.updated)} changed, ${number(outcomes.unchanged)} unchanged.${bad}${rest}`;
  const run = part("run");
  run.hidden = isStopped || !tokens.size;
  run.textContent = problems.count
    ? `Import ${count(tokens.size, "ticket")}, without the lines with problems`
    : `Import ${count(tokens.size, "ticket")}`;
  show("look", "checked", ...showProblems());
  (run.hidden ? part("check") : run).focus();
  say(part("checked-text").textContent);
}

/** Imports the lines that the check has found good. */
async function run() {
  const repeated = work.problems.kept.filter((one) => work.skipped.has(one.line));
  work.problems = new Problems();
  work.problems.count = work.skipped.size;
  work.problems.kept = repeated;
  work.stored = { added: 0, updated: 0, unchanged: 0 };
  const failure = await attempt(() => walk("Importing", form.dataset.run, (found, portion) => {
    for (const name of Object.keys(work.stored)) work.stored[name] += found[name];
    for (const one of found.bad) work.problems.add(one, portion);
  }));
  if (failure) {
    work.isStopped = true;
    complain(failure);
  }
  showResult();
}

function showResult() {
  const { stored, problems, isStopped } = work;
  problems.kept.sort((one, other) => one.line - other.line);
  const until = isStopped ? ` Stopped after line ${number(work.readLines)}; import the file again for the rest.` : "";
  part("result-text").textContent = `${number(stored.added)} added, ${number(stored.updated)} updated, ${number(stored.unchanged)} unchanged, ${count(problems.count, "line")} not imported.${until}`;
  part("result-text").className = isStopped || problems.count ? "warning" : "success";
  show("result", ...showProblems());
  part("again").focus();
  say(part("result-text").textContent);
}

function showProblems() {
  const { count: all, kept } = work.problems;
  if (!all) return [];
  const shown = kept.slice(0, SHOWN_PROBLEMS_MAX);
  const [table] = part("bad").getElementsByTagName("table");
  table.tBodies[0].replaceChildren(...shown.map((one) => row([[one.line, true], [one.column ?? ""], [one.problem], [one.content]])));
  part("bad-more").textContent = all > shown.length
    ? `The table has the first ${number(shown.length)} of ${number(all)} lines, the list the first ${number(kept.length)}.` : "";
  URL.revokeObjectURL(part("download").href);
  const rows = kept.map((one) => [one.line, one.column, one.problem, one.content]);
  const csv = toCsv([["line", "column", "problem", "content"], ...rows]);
  part("download").href = URL.createObjectURL(new Blob(["\ufeff", csv], { type: "text/csv" }));
  return ["bad"];
}

function again() {
  form.reset();
  look();
  part("file").focus();
}

for (const id of ["file", "organization", "as-is"]) part(id)?.addEventListener("change", look);
part("check")?.addEventListener("click", check);
part("run")?.addEventListener("click", run);
part("again")?.addEventListener("click", again);
part("stop")?.addEventListener("click", () => { work.isStopped = true; });
form?.addEventListener("submit", (event) => event.preventDefault());
addEventListener("beforeunload", (event) => { if (part("choices")?.disabled) event.preventDefault(); });
