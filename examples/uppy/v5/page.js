import "@uppy/core/css/style.min.css";
import "@uppy/dashboard/css/style.min.css";
import { settingsFromUrl } from "../settings.js";
import { createUploader } from "./uploader.js";

createUploader("#uploader", settingsFromUrl());
