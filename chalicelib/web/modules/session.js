/** The session of the signed-in user. */

import { UserError } from "./errors.js";
import { userPool } from "./user_pool.js";

/** The signed-in user. Tokens are kept in memory only, never in browser storage. */
export const session = {
  tokens: null,
  user: null,
  renewing: null,

  /** Sign in. Returns the challenge to answer first, or null. */
  async signIn(username, password) {
    const answer = await userPool("InitiateAuth", {
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: username, PASSWORD: password },
    });
    return this.handleAnswer(username, answer);
  },

  /** Replace a temporary password, in answer to a challenge. */
  async choosePassword(challenge, password) {
    const answer = await userPool("RespondToAuthChallenge", {
      ChallengeName: "NEW_PASSWORD_REQUIRED",
      Session: challenge.session,
      ChallengeResponses: { USERNAME: challenge.username, NEW_PASSWORD: password },
    });
    return this.handleAnswer(challenge.username, answer);
  },

  handleAnswer(username, answer) {
    if (answer.ChallengeName === "NEW_PASSWORD_REQUIRED") {
      const name = answer.ChallengeParameters?.USER_ID_FOR_SRP ?? username;
      return { username: name, session: answer.Session };
    }
    if (answer.ChallengeName) {
      throw new UserError(`This account requires an unsupported sign-in step (${answer.ChallengeName}).`);
    }
    this.storeTokens(answer.AuthenticationResult);
    return null;
  },

  storeTokens(result) {
    const user = parseClaims(result.IdToken);
    if (this.user && this.user.sub !== user.sub) throw new UserError("This is a different account. Sign out first.");
    this.tokens = { RefreshToken: this.tokens?.RefreshToken, ...result };
    this.user = user;
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
    const parameters = { REFRESH_TOKEN: this.tokens.RefreshToken };
    try {
      const answer = await userPool("InitiateAuth", { AuthFlow: "REFRESH_TOKEN_AUTH", AuthParameters: parameters });
      this.storeTokens(answer.AuthenticationResult);
    } catch (error) {
      if (error.code === 0) throw error; // unreachable, not rejected
      await this.askForPassword();
    }
  },

  /** Ask for the password until the same user is signed in; see sign_in.js. */
  askForPassword: async () => {},

  /** Revoke the refresh token. */
  async signOut() {
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
