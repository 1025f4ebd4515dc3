/** Errors whose message is shown. */

/** An error whose message is shown to the user. */
export class UserError extends Error {
  /** @param {string | number} code HTTP status or Cognito error code; 0: no response. */
  constructor(message, code = 0) {
    super(message);
    this.code = code;
  }

  /** Whether the same request may succeed later; 403: with a fresh upload URL. */
  get isRetryable() {
    return [0, 403, 429].includes(this.code) || this.code >= 500;
  }
}
