/** The recipe of examples/uppy with Uppy's styles; imported when a user is signed in. */
import "@uppy/core/css/style.min.css";
import "@uppy/dashboard/css/style.min.css";

export { createUploader } from "../../uppy/v6/uploader.js";
