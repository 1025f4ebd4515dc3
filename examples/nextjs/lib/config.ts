/** Names of the stage. They are public: the bundle has no secrets. */
export interface Config {
  /** With the final slash. */
  apiUrl: string;
  /** Of the Cognito API in the stage's region. */
  cognitoUrl: string;
  userPoolClientId: string;
}

/** The configuration beside the pages, so that one build serves every stage. */
export async function loadConfig(): Promise<Config> {
  const response = await fetch("/config.json", { cache: "no-cache" }).catch(() => null);
  if (!response?.ok) throw new Error("config.json is missing beside the pages; the README describes it.");
  return (await response.json()) as Config;
}
