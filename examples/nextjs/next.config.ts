import path from "node:path";
import type { NextConfig } from "next";

// uploader.js is in another example; its packages are this example's.
const uppyPackages = ["aws-s3", "core", "dashboard", "golden-retriever"];

const config: NextConfig = {
  output: "export",
  trailingSlash: true, // each page is a folder with an index.html
  poweredByHeader: false,
  turbopack: {
    root: path.join(import.meta.dirname, ".."),
    resolveAlias: Object.fromEntries(uppyPackages.map((name) => [`@uppy/${name}`, `./node_modules/@uppy/${name}`])),
  },
};

export default config;
