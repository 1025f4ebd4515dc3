/** Uploads a file, prints its record, finds it in the list and deletes it: node main.ts FILE TYPE */
import { openAsBlob } from "node:fs";
import { basename } from "node:path";
import { argv, env } from "node:process";
import { setTimeout } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./intake.d.ts";

type Document = components["schemas"]["Document"];

const { INTAKE_API_URL: baseUrl = "", INTAKE_TOKEN: token = "" } = env;
const intake = createClient<paths>({ baseUrl, headers: { Authorization: token } });

/** The body of a successful response; any other is an error. */
function bodyOf<T>(result: { data?: T; error?: unknown }): T {
  if (result.data === undefined) throw new Error(JSON.stringify(result.error));
  return result.data;
}

async function upload(path: string, fileType: string): Promise<string> {
  const file = await openAsBlob(path); // has a size, which becomes the Content-Length that S3 requires; a stream has none
  const documentId = crypto.randomUUID(); // makes the request safe to repeat
  const body = { documentId, fileName: basename(path).normalize("NFC"), fileType, fileSize: file.size };
  const target = bodyOf(await intake.POST("/uploads", { body })).upload;
  if (!target || !("url" in target)) throw new Error("a file of this size is uploaded in parts");
  const answer = await fetch(target.url, { method: "PUT", headers: target.headers, body: file });
  if (!answer.ok) throw new Error(await answer.text());
  return documentId;
}

async function resultOf(documentId: string): Promise<Document> {
  const params = { path: { document_id: documentId } };
  for (let second = 0; second < 300; second++) {
    const document = bodyOf(await intake.GET("/documents/{document_id}", { params }));
    if (document.status === "PROCESSED" || document.status === "FAILED") return document;
    await setTimeout(1_000);
  }
  throw new Error(`${documentId} has no result after 300 s`);
}

const [path = "", fileType = ""] = argv.slice(2);
const documentId = await upload(path, fileType);
const document = await resultOf(documentId);
console.log(JSON.stringify(document));

const { documents } = bodyOf(await intake.GET("/documents", { params: { query: { limit: 10 } } }));
console.log(documents.some((listed) => listed.documentId === documentId) ? "listed" : "not listed");

const deleted = await intake.DELETE("/documents/{document_id}", { params: { path: { document_id: documentId } } });
console.log(deleted.response.status);
