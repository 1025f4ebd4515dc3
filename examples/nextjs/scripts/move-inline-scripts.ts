/**
 * Moves the inline scripts of the exported pages into files, so that a constant Content-Security-Policy
 * with `script-src 'self'` allows them, without nonces or hashes that change with each build.
 */
import { createHash } from "node:crypto";
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const OUT = "out";
const FOLDER = "_next/static/inline";
const INLINE = /<script(?![^>]*\bsrc=)([^>]*)>(.*?)<\/script>/gs;

mkdirSync(join(OUT, FOLDER), { recursive: true });
for (const page of globSync(`${OUT}/**/*.html`)) {
  const html = readFileSync(page, "utf8");
  writeFileSync(page, html.replace(INLINE, (_, attributes: string, script: string) => `<script${attributes} src="/${moved(script)}"></script>`));
}

function moved(script: string): string {
  const path = `${FOLDER}/${createHash("sha256").update(script).digest("hex").slice(0, 16)}.js`;
  writeFileSync(join(OUT, path), script);
  return path;
}
