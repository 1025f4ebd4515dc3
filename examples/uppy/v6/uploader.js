/** Uppy 6 with Dashboard, retries, multipart and resume. */
import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";
import Dashboard from "@uppy/dashboard";
import GoldenRetriever from "@uppy/golden-retriever";
import { connectToIntake } from "../intake.js";

/**
 * `userId`: of the signed-in user, whose unfinished uploads only are restored. `dashboard`: further options of the plugin.
 * The rest is described in ../intake.js.
 */
export function createUploader(target, { dashboard, userId = "", ...settings }) {
  const uppy = new Uppy({ id: `intake-${userId}` });
  const intake = connectToIntake(uppy, settings);
  return uppy
    .use(Dashboard, { target, inline: true, ...dashboard })
    .use(GoldenRetriever)
    .use(AwsS3, {
      shouldUseMultipart: intake.isMultipart,
      getChunkSize: intake.partSizeBytes,
      generateObjectKey: (file) => file.meta.documentId,
      signRequest: (request) => signRequest(uppy, intake, request),
    });
}

/**
 * Where @uppy/aws-s3 sends a request. Parts are listed and completed by the API, whose answer the
 * plugin gets in the form of S3's: as a data URL.
 */
async function signRequest(uppy, intake, { method, key, partNumber }) {
  if (partNumber) return { url: await intake.partUrl(key, partNumber) };
  if (method === "GET") return answer(`<ListPartsResult>${(await intake.listParts(key)).map(partXml).join("")}</ListPartsResult>`);
  if (method === "POST") {
    await intake.complete(key);
    return answer(
      `<CompleteMultipartUploadResult><Location>${intake.documentUrl(key)}</Location><Key>${key}</Key></CompleteMultipartUploadResult>`,
    );
  }
  if (method === "DELETE") return answer(""); // connectToIntake cancels uploads of removed files
  return intake.target(uppy.getFiles().find((file) => file.meta.documentId === key).id);
}

const partXml = ({ partNumber, eTag }) => `<Part><PartNumber>${partNumber}</PartNumber><ETag>${eTag}</ETag></Part>`;

const answer = (xml) => ({ url: `data:application/xml,${encodeURIComponent(xml)}` });
