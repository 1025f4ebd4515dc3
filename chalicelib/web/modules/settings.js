/** Settings of the stage, which the page contains. */

import { $ } from "./dom.js";

/**
 * @typedef {{clientId: string, signInUrl: string, largestFileBytes: number, allowedTypes: string[],
 *   typeLabels: Object<string, [string, string]>}} Settings The most familiar types first;
 *   the short and the long label of each MIME type.
 */

/** @type {Settings} */
export const settings = JSON.parse($("meta[name=settings]").content);
