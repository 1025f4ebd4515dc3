/** Amazon Cognito's API. */

import { UserError } from "./errors.js";
import { ACTION_ERRORS, SIGN_IN_ERRORS } from "./messages.js";
import { ANSWER_MS } from "./pacing.js";
import { settings } from "./settings.js";

/** Call the Cognito API. */
async function callUserPool(action, body) {
  const response = await fetch(settings.signInUrl, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}`,
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch(() => {
    throw new UserError("The sign-in service cannot be reached. Check your connection.");
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const code = String(answer.__type ?? response.status).split("#").pop();
  const message = signInErrorMessage(action, code, answer.message);
  throw new UserError(message, isTemporary(response.status, code) ? Math.max(response.status, 429) : code);
}

/** Whether the same call may succeed later (Cognito API reference, "Common errors"). */
const isTemporary = (status, code) => status >= 500 || code === "TooManyRequestsException";

/** Call an action of the app client. */
export const userPool = (action, body) => callUserPool(action, { ClientId: settings.clientId, ...body });

/** Call an action of a signed-in user. */
export const userAccount = (action, AccessToken, body = {}) => callUserPool(action, { AccessToken, ...body });

function signInErrorMessage(action, code, message) {
  // These have the same code as an incorrect password.
  if (code === "NotAuthorizedException" && /exceeded|disabled/i.test(message ?? "")) return message;
  return ACTION_ERRORS[action]?.[code] ?? SIGN_IN_ERRORS[code] ?? message ?? "Sign-in failed. Try again.";
}
