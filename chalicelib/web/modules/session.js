/** The session of the signed-in user. */

import { UserError } from "./errors.js";
import { settings } from "./settings.js";
import { userPool } from "./user_pool.js";

const STORED = `intake-session-${settings.clientId}`;
const STORED_MS = 12 * 60 * 60_000;

/** Parameters of the response to each challenge, by the name of the answer. */
const ANSWERS = { NEW_PASSWORD_REQUIRED: "NEW_PASSWORD", SOFTWARE_TOKEN_MFA: "SOFTWARE_TOKEN_MFA_CODE" };

/**
 * The signed-in user. ID and access token are kept in memory only. The refresh token is also in the
 * tab's storage, so that a reload keeps the session; docs/security.md has the reasons.
 *
 * @typedef {{name: string, username: string, session: string}} Challenge
 */
export const session = {
  tokens: null,
  user: null,
  renewing: null,

  /** Sign in. @returns {Promise<Challenge | null>} The challenge to answer first, or null. */
  async signIn(username, password) {
    const answer = await userPool("InitiateAuth", {
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: username, PASSWORD: password },
    });
    return this.handleAnswer(username, answer);
  },

  /** Answer a challenge by a new password or a code. Returns the next challenge, or null. */
  async answer(challenge, value) {
    const answer = await userPool("RespondToAuthChallenge", {
      ChallengeName: challenge.name,
      Session: challenge.session,
      ChallengeResponses: { USERNAME: challenge.username, [ANSWERS[challenge.name]]: value },
    });
    return this.handleAnswer(challenge.username, answer);
  },

  handleAnswer(username, answer) {
    const name = answer.ChallengeName;
    if (name in ANSWERS) {
      return { name, username: answer.ChallengeParameters?.USER_ID_FOR_SRP ?? username, session: answer.Session };
    }
    if (name) throw new UserError(`This account requires an unsupported sign-in step (${name}).`);
    this.storeTokens(answer.AuthenticationResult);
    this.keep();
    return null;
  },

  storeTokens(result) {
    const user = parseClaims(result.IdToken);
    if (this.user && this.user.sub !== user.sub) throw new UserError("This is a different account. Sign out first.");
    this.tokens = { RefreshToken: this.tokens?.RefreshToken, ...result };
    this.user = user;
  },

  /** Keep the session for reloads of this tab. */
  keep() {
    const kept = { refreshToken: this.tokens.RefreshToken, until: Date.now() + STORED_MS };
    sessionStorage.setItem(STORED, JSON.stringify(kept));
  },

  /** Whether this tab was signed in before the page was reloaded. */
  canResume: () => STORED in sessionStorage,

  /** Continue the session from before a reload. Throws if it cannot be continued. */
  async resume() {
    const { refreshToken, until } = JSON.parse(sessionStorage.getItem(STORED));
    try {
      if (until < Date.now()) throw new UserError("Your session has expired. Sign in again.", "Expired");
      await this.useRefreshToken(refreshToken);
      this.tokens.RefreshToken = refreshToken;
    } catch (error) {
      if (!error.isRetryable) sessionStorage.removeItem(STORED);
      throw error;
    }
  },

  /**
   * Replace a rejected token, with the refresh token or else by asking for the password.
   * Concurrent callers share one renewal.
   */
  async renew(rejected, mayRefresh = true) {
    if (this.tokens.IdToken !== rejected) return;
    this.renewing ??= (mayRefresh ? this.refresh() : this.askForPassword()).finally(() => {
      this.renewing = null;
    });
    await this.renewing;
  },

  async refresh() {
    try {
      await this.useRefreshToken(this.tokens.RefreshToken);
    } catch (error) {
      if (error.isRetryable) throw error; // not rejected
      await this.askForPassword();
    }
  },

  async useRefreshToken(token) {
    const parameters = { REFRESH_TOKEN: token };
    const answer = await userPool("InitiateAuth", { AuthFlow: "REFRESH_TOKEN_AUTH", AuthParameters: parameters });
    this.storeTokens(answer.AuthenticationResult);
  },

  /** Ask for the password until the same user is signed in; see sign_in.js. */
  askForPassword: async () => {},

  /** Forget and revoke the refresh token. */
  async signOut() {
    this.keep = () => {}; // a sign-in in progress does not continue the session
    sessionStorage.clear();
    const Token = this.tokens.RefreshToken;
    const timeout = new Promise((resolve) => setTimeout(resolve, 2_000));
    if (Token) await Promise.race([userPool("RevokeToken", { Token }).catch(() => {}), timeout]);
  },
};

/** Parse the claims of an ID token, for display only: the API verifies the token. */
function parseClaims(token) {
  const encoded = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  const claims = JSON.parse(new TextDecoder().decode(bytes));
  const groups = claims["cognito:groups"] ?? [];
  return { sub: claims.sub, email: claims.email ?? "", isOperator: groups.includes("operators") };
}
