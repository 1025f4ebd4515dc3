/** The API, typed by its own description: `npm run generate` writes intake.d.ts. */
import createClient, { type Client } from "openapi-fetch";
import type { Config } from "./config";
import type { components, operations, paths } from "./intake";
import type { Session } from "./session";

/** About the text of a document: only stages with `TEXT=on` or `OCR` have and describe all of it. */
export interface ExtractedText {
  source: string;
  status?: string;
  truncated?: boolean;
  failure?: { code: string; message: string };
}

export type Document = components["schemas"]["Document"] & { text?: ExtractedText };
export type Query = NonNullable<operations["listDocuments"]["parameters"]["query"]>;
export type Api = Client<paths>;

export function createApi(config: Config, session: Session): Api {
  const api = createClient<paths>({ baseUrl: config.apiUrl });
  api.use({
    async onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${await session.idToken()}`);
    },
    onResponse({ response }) {
      if (response.status === 401) session.signOut();
    },
    onError({ error }) {
      return error instanceof TypeError ? new Error("The service cannot be reached. Check your connection.") : undefined;
    },
  });
  return api;
}

/** The body of a successful response; any other is an error with its `detail`. */
export function bodyOf<T>(result: { data?: T; error?: { detail?: string }; response: Response }): T {
  if (result.data !== undefined) return result.data;
  const { status } = result.response;
  if (status === 429 || status >= 500) throw new Error("The service is busy or unavailable. Try again.");
  throw new Error(result.error?.detail ?? `The service returned status ${status}.`);
}

/** The URL of a document's extracted text. Only stages with `TEXT=on` have and describe this route. */
export async function textUrl(config: Config, session: Session, documentId: string): Promise<string> {
  const response = await fetch(new URL(`documents/${documentId}/text`, config.apiUrl), {
    headers: { Authorization: `Bearer ${await session.idToken()}` },
  });
  const body = (await response.json()) as { url?: string; detail?: string };
  if (!body.url) throw new Error(body.detail ?? `The service returned status ${response.status}.`);
  return body.url;
}
