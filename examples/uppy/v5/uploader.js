/** Uppy 5 with Dashboard, retries, multipart and resume. */
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
      getUploadParameters: (file) => intake.target(file.id),
      createMultipartUpload: (file) => file.s3Multipart,
      signPart: async (file, { key, partNumber }) => ({ url: await intake.partUrl(key, partNumber) }),
      listParts: async (file, { key }) =>
        (await intake.listParts(key)).map(({ partNumber, eTag }) => ({ PartNumber: partNumber, ETag: eTag })),
      completeMultipartUpload: async (file, { key }) => {
        await intake.complete(key);
        return { location: intake.documentUrl(key) };
      },
      abortMultipartUpload: () => {}, // also called after errors; connectToIntake cancels uploads of removed files
    });
}
