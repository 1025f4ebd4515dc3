/** Sign-in with Amazon Cognito's API; the same flow as that of the built-in web UI. */
import type { Config } from "./config";

export interface Tokens {
  IdToken: string;
  RefreshToken?: string;
}

/** A question to answer before there are tokens. */
export interface Challenge {
  name: "NEW_PASSWORD_REQUIRED" | "SOFTWARE_TOKEN_MFA";
  username: string;
  session: string;
}

interface Answer {
  AuthenticationResult?: Tokens;
  ChallengeName?: string;
  ChallengeParameters?: Record<string, string>;
  Session?: string;
}

export class SignInError extends Error {
  /** @param isRejection Whether Cognito answered, and repeating the request is of no use. */
  constructor(message: string, readonly isRejection = false) {
    super(message);
  }
}

const MESSAGES: Record<string, string> = {
  UserNotFoundException: "Incorrect e-mail address or password.",
  UserNotConfirmedException: "This account is not confirmed.",
  PasswordResetRequiredException: "This password must be reset. Contact your administrator.",
  InvalidPasswordException: "This password does not meet the requirements.",
  CodeMismatchException: "Incorrect code.",
  ExpiredCodeException: "This code expired. Enter the next one.",
  TooManyRequestsException: "Too many attempts. Wait a few minutes and try again.",
  LimitExceededException: "Too many attempts. Wait a few minutes and try again.",
};

export async function signIn(config: Config, username: string, password: string): Promise<Tokens | Challenge> {
  const answer = await call(config, "InitiateAuth", {
    AuthFlow: "USER_PASSWORD_AUTH",
    AuthParameters: { USERNAME: username, PASSWORD: password },
  });
  return read(answer, username);
}

/** Answer a challenge: with a new password, or the code of an authenticator app. */
export async function respond(config: Config, challenge: Challenge, text: string): Promise<Tokens | Challenge> {
  const name = challenge.name === "NEW_PASSWORD_REQUIRED" ? "NEW_PASSWORD" : "SOFTWARE_TOKEN_MFA_CODE";
  const answer = await call(config, "RespondToAuthChallenge", {
    ChallengeName: challenge.name,
    Session: challenge.session,
    ChallengeResponses: { USERNAME: challenge.username, [name]: text },
  });
  return read(answer, challenge.username);
}

export async function refresh(config: Config, refreshToken: string): Promise<Tokens> {
  const answer = await call(config, "InitiateAuth", {
    AuthFlow: "REFRESH_TOKEN_AUTH",
    AuthParameters: { REFRESH_TOKEN: refreshToken },
  });
  if (!answer.AuthenticationResult) throw new SignInError("Sign in again.", true);
  return { RefreshToken: refreshToken, ...answer.AuthenticationResult };
}

export async function revoke(config: Config, refreshToken: string): Promise<void> {
  await call(config, "RevokeToken", { Token: refreshToken });
}

export const isChallenge = (result: Tokens | Challenge): result is Challenge => "name" in result;

function read(answer: Answer, username: string): Tokens | Challenge {
  if (answer.AuthenticationResult) return answer.AuthenticationResult;
  const { ChallengeName: name, Session: session = "" } = answer;
  if (name !== "NEW_PASSWORD_REQUIRED" && name !== "SOFTWARE_TOKEN_MFA") {
    throw new SignInError(`This account requires an unsupported sign-in step (${name ?? "none"}).`);
  }
  return { name, session, username: answer.ChallengeParameters?.USER_ID_FOR_SRP ?? username };
}

async function call(config: Config, action: string, body: object): Promise<Answer> {
  const response = await fetch(config.cognitoUrl, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}`,
    },
    body: JSON.stringify({ ClientId: config.userPoolClientId, ...body }),
  }).catch(() => {
    throw new SignInError("The sign-in service cannot be reached. Check your connection.");
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer as Answer;
  const code = String(answer.__type ?? response.status).split("#").pop() ?? "";
  const isRejection = response.status < 500 && !/^(TooManyRequests|LimitExceeded)/.test(code);
  throw new SignInError(messageFor(code, answer.message), isRejection);
}

function messageFor(code: string, message: string | undefined): string {
  // These have the same code as an incorrect password.
  if (code === "NotAuthorizedException" && /session/i.test(message ?? "")) return "The sign-in took too long. Start again.";
  const isIncorrect = code === "NotAuthorizedException" && !/exceeded|disabled/i.test(message ?? "");
  return MESSAGES[isIncorrect ? "UserNotFoundException" : code] ?? message ?? "Sign-in failed. Try again.";
}
