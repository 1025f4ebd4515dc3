/** The API, typed by its own description: `npm run generate` writes intake.d.ts. */
import createClient, { type Client } from "openapi-fetch";
import type { Config } from "./config";
import type { components, operations, paths } from "./intake";
import type { Session } from "./session";

/** About the text of a document: only stages with `TEXT=on` or `OCR` have and describe all of it. */
export interface ExtractedText {
  source: string;
  status?: string;
  /** Of the text that can be read; absent where there is none. */
  characterCount?: number;
  truncated?: boolean;
  failure?: { code: string; message: string };
}

/** Routes that only stages with `TEXT=on` have and describe. */
interface TextPaths {
  "/documents/{document_id}/text": {
    get: {
      parameters: { path: { document_id: string } };
      responses: { 200: { content: { "application/json": { url: string } } } };
    };
  };
}

export type Document = components["schemas"]["Document"] & { text?: ExtractedText };
export type Query = NonNullable<operations["listDocuments"]["parameters"]["query"]>;
type AllPaths = Omit<paths, keyof TextPaths> & TextPaths;
export type Api = Client<AllPaths>;

export function createApi(config: Config, session: Session): Api {
  const api = createClient<AllPaths>({ baseUrl: config.apiUrl });
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

export class ApiError extends Error {
  /** @param status Of the response. */
  constructor(message: string, readonly status: number) {
    super(message);
  }
}

/** The body of a successful response; any other is an ApiError with its `detail`. */
export function bodyOf<T>(result: { data?: T; error?: { detail?: string }; response: Response }): T {
  if (result.data !== undefined) return result.data;
  const { status } = result.response;
  if (status === 429 || status >= 500) throw new ApiError("The service is busy or unavailable. Try again.", status);
  throw new ApiError(result.error?.detail ?? `The service returned status ${status}.`, status);
}
