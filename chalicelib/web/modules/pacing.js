/** Concurrency, repetition and pauses. */

export const ANSWER_MS = 30_000; // API Gateway waits 29 seconds
const RETRY_PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000, 16_000];

/** Create a function that runs at most `most` jobs at once and queues the others. */
export function limitConcurrency(most) {
  let running = 0;
  const queue = [];
  return async (job) => {
    if (running >= most) await new Promise((resolve) => queue.push(() => resolve(undefined)));
    else running += 1;
    try {
      return await job();
    } finally {
      const next = queue.shift(); // reuses this job's slot
      if (next) next();
      else running -= 1;
    }
  };
}

/**
 * Repeat an action that may succeed later, for half a minute and as long as the browser is offline.
 * @param {(error: Error) => void} onPause Called before each pause.
 */
export async function withRetries(signal, act, onPause = () => {}) {
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      if (!error.isRetryable || signal.aborted || attempt === RETRY_PAUSES_MS.length) throw error;
      onPause(error);
      await sleep(Math.max(RETRY_PAUSES_MS[attempt], error.retryAfterMs));
    }
    await untilOnline();
  }
}

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Wait until the tab is visible; hidden tabs do not poll. */
export function untilVisible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", resolve, { once: true });
  });
}

function untilOnline() {
  if (navigator.onLine) return Promise.resolve();
  return new Promise((resolve) => {
    addEventListener("online", resolve, { once: true });
  });
}
