/** Concurrency, repetition and pauses. */

const RETRY_PAUSES_MS = [500, 1_000, 2_000, 4_000];

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

/** Repeat an action that may succeed later. Every request of an upload can be repeated. */
export async function withRetries(signal, act) {
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      if (!error.isRetryable || signal.aborted || attempt === RETRY_PAUSES_MS.length) throw error;
    }
    await sleep(RETRY_PAUSES_MS[attempt]);
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
