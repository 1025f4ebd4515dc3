import { refresh, revoke, SignInError, type Tokens } from "./cognito";
import type { Config } from "./config";

const SPARE_SECONDS = 60;

/** The signed-in user. Tokens stay in memory: a reload signs out, and no script finds them in storage. */
export class Session {
  private renewing: Promise<void> | undefined;

  constructor(
    private readonly config: Config,
    private tokens: Tokens,
    /** Called when the user has to sign in again. */
    private readonly end: () => void,
  ) {}

  /** Of the user, for ever. */
  get userId(): string {
    return String(claimsOf(this.tokens.IdToken).sub);
  }

  get email(): string {
    return String(claimsOf(this.tokens.IdToken).email ?? "");
  }

  /** An ID token that is valid for another minute; concurrent callers share one renewal. */
  async idToken(): Promise<string> {
    if (Number(claimsOf(this.tokens.IdToken).exp) - SPARE_SECONDS < Date.now() / 1_000) {
      this.renewing ??= this.renew().finally(() => (this.renewing = undefined));
      await this.renewing;
    }
    return this.tokens.IdToken;
  }

  /** Forget the user, and revoke the refresh token where Cognito can be reached. */
  signOut(): void {
    if (this.tokens.RefreshToken) void revoke(this.config, this.tokens.RefreshToken).catch(() => undefined);
    this.end();
  }

  private async renew(): Promise<void> {
    try {
      this.tokens = await refresh(this.config, this.tokens.RefreshToken ?? "");
    } catch (error) {
      if (error instanceof SignInError && error.isRejection) this.end();
      throw error;
    }
  }
}

/** The claims of an ID token, for display and expiry only: the API verifies it. */
function claimsOf(token: string): Record<string, unknown> {
  const encoded = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
}
