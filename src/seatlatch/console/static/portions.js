// Work that the service does in portions: each response says how to ask for the next one.

const TRIES_MAX = 10;
const WAIT_SECONDS = 2;
const WORTH_REPEATING = [408, 429, 502, 503, 504];

const seconds = (count) => new Promise((done) => { setTimeout(done, count * 1000); });

/** The sentence of an error, which the service sends as a part of a page. */
async function sentence(response) {
  const part = new DOMParser().parseFromString(await response.text(), "text/html");
  return part.body.textContent.trim() || `The request failed with status ${response.status}.`;
}

/** The data of a response. Waits and repeats while the service is busy or can't be reached. */
export async function portion(url, options, onWait) {
  for (let tries = 1; ; tries += 1) {
    let response;
    try {
      response = await fetch(url, options);
    } catch (error) {
      if (tries >= TRIES_MAX) throw new Error("The service can't be reached.", { cause: error });
    }
    if (response?.ok) return response.json();
    if (response?.status === 401) {
      location.reload(); // leads to the sign-in
      throw new Error("The session has ended. Sign in again.");
    }
    if (response && (!WORTH_REPEATING.includes(response.status) || tries >= TRIES_MAX)) {
      throw new Error(await sentence(response));
    }
    onWait("The service is busy. This continues in a few seconds.");
    await seconds(Number(response?.headers.get("Retry-After")) || WAIT_SECONDS);
  }
}
