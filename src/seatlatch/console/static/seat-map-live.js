// Follows the changes of seats. One request waits for the next change; the answer leads to the next one.

// A change comes every 1.6 seconds at most. With this pause a request waits for less than a second,
// after which the service would have to check its session once more.
const PAUSE_MILLISECONDS = 650;
const RETRY_MILLISECONDS = 2000;
const RETRY_MILLISECONDS_MAX = 30_000;

const pause = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });

/** The sentence of a refusal, which is a part of a page. */
async function reasonOf(response) {
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return page.body.textContent.trim() || `The service responded ${response.status}.`;
}

/** The JSON at an address. An error has the status of the response. */
export async function fetchJson(address, signal) {
  const response = await fetch(address, { signal, headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (response.status === 401) location.assign(response.headers.get("HX-Redirect") ?? location.href);
  if (!response.ok) throw Object.assign(new Error(await reasonOf(response)), { status: response.status });
  return response.json();
}

export class Live {
  /** `actions`: changed(states), reload(), state(text). */
  constructor(address, data, actions) {
    Object.assign(this, { address, data, actions });
    this._isStopped = false;
    this._abort = null;
    document.addEventListener("visibilitychange", () => this._wake());
  }

  async run() {
    let retry = RETRY_MILLISECONDS;
    while (!this._isStopped) {
      await this._visible();
      try {
        await this._next();
        retry = RETRY_MILLISECONDS;
        this.actions.state("");
        await pause(PAUSE_MILLISECONDS);
      } catch (error) {
        if (this._isStopped || error.name === "AbortError") continue;
        this.actions.state(`Not live: ${error.message} The seats are as of ${new Date().toLocaleTimeString()} or earlier. The page tries again.`);
        if (error.status === 404 || error.status === 403 || error.status === 401) return;
        await pause(retry);
        retry = Math.min(retry * 2, RETRY_MILLISECONDS_MAX);
      }
    }
  }

  stop() {
    this._isStopped = true;
    this._abort?.abort();
  }

  async _next() {
    this._abort = new AbortController();
    const query = new URLSearchParams({ map: this.data.mapId, after: this.data.at });
    const states = await fetchJson(`${this.address}&${query}`, this._abort.signal);
    if (states.map !== this.data.mapId) {
      this.stop();
      this.actions.reload();
    } else {
      this.actions.changed(states);
    }
  }

  /** Waits while the page is hidden: nobody sees the seats. */
  async _visible() {
    if (!document.hidden) return;
    await new Promise((done) => { this._shown = done; });
  }

  _wake() {
    if (document.hidden) this._abort?.abort();
    else this._shown?.();
  }
}
