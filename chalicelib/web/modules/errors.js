/** Errors, and what is shown of them. */

/** An error whose message is shown to the user. */
export class UserError extends Error {
  /**
   * @param {string | number} code HTTP status or Cognito error code; 0: no response.
   * @param {number} retryAfterMs What the response asks to wait before a repetition.
   */
  constructor(message, code = 0, retryAfterMs = 0) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same request may succeed later; 403: with a fresh upload URL. */
  get isRetryable() {
    return [0, 403, 429].includes(this.code) || this.code >= 500;
  }
}

/** The text to show for an error. One that nobody wrote for users is logged instead. */
export function errorText(error) {
  if (error instanceof UserError) return error.message;
  console.error(error);
  return "An unexpected error occurred. Try again, or reload the page.";
}
