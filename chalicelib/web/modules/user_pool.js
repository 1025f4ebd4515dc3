/** Amazon Cognito's API. */

import { UserError } from "./errors.js";
import { SIGN_IN_ERRORS } from "./messages.js";
import { settings } from "./settings.js";

/** Call the Cognito API. */
export async function userPool(action, body) {
  const response = await fetch(settings.signInUrl, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}`,
    },
    body: JSON.stringify({ ClientId: settings.clientId, ...body }),
  }).catch(() => {
    throw new UserError("The sign-in service cannot be reached. Check your connection.");
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const code = String(answer.__type ?? response.status).split("#").pop();
  throw new UserError(signInErrorMessage(code, answer.message), code);
}

function signInErrorMessage(code, message) {
  // "Password attempts exceeded" has the same code as an incorrect password.
  if (code === "NotAuthorizedException" && !/exceeded|disabled/i.test(message ?? "")) {
    return SIGN_IN_ERRORS.UserNotFoundException;
  }
  return SIGN_IN_ERRORS[code] ?? message ?? "Sign-in failed. Try again.";
}
