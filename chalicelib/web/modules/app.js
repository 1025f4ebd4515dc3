/**
 * The web UI: signs in, uploads files and lists documents with their metadata.
 *
 * It calls only the public API (openapi.json), Amazon Cognito and Amazon S3. File names and content
 * are inserted as text only, by `el` and `textContent`; text from uploaders by `isolate` or `visible`.
 */

import { initAccount } from "./account.js";
import { initDocument } from "./document.js";
import { $, isolate } from "./dom.js";
import { initDrops } from "./drops.js";
import { isSending, list } from "./entries.js";
import { formatSize, typeLabel } from "./format.js";
import { confirmAction, initConfirm } from "./forms.js";
import { initList, reload, removeEntries } from "./list.js";
import { plural } from "./messages.js";
import { initOverall } from "./overall.js";
import { initSelection } from "./selection.js";
import { session } from "./session.js";
import { settings } from "./settings.js";
import { initSignIn } from "./sign_in.js";
import { retryDisconnected } from "./uploads.js";

const SHOWN_TYPES = 7; // the others are counted

function showDocuments() {
  $("#welcome").remove();
  $("#work").hidden = false;
  $("#who").hidden = false;
  $("#who-name").replaceChildren(isolate(session.user.email), session.user.isOperator ? " (operator)" : "");
  $("#rules").textContent = `${allowedTypesText()} · up to ${formatSize(settings.largestFileBytes)} per file`;
  $("#files").focus();
  addEventListener("beforeunload", warnBeforeUnload);
  reload();
  initDocument();
}

/** The allowed types, the most familiar first. */
function allowedTypesText() {
  const labels = [...new Set(settings.allowedTypes.map((type) => typeLabel(type)[0]))];
  const more = labels.length - SHOWN_TYPES;
  return labels.slice(0, SHOWN_TYPES).join(", ") + (more > 0 ? ` and ${more} more file types` : "");
}

/** Make the browser warn before uploads are lost. */
function warnBeforeUnload(event) {
  if (list.uploads.some(isSending)) event.preventDefault();
}

async function signOut() {
  const left = list.uploads.filter(isSending).length;
  const text = `${plural(left, "upload")} ${left === 1 ? "is" : "are"} in progress and will be cancelled.`;
  if (left && !(await confirmAction(["Sign out now?"], text, "Sign out"))) return;
  await leave();
}

/** End the session and reload the page, which discards all state. */
async function leave() {
  await session.signOut();
  removeEventListener("beforeunload", warnBeforeUnload);
  location.hash = "";
  location.reload();
}

initConfirm();
initList();
initOverall(removeEntries);
initSelection((entry) => removeEntries([entry]));
initDrops();
initAccount();
$("#sign-out").onclick = signOut;
$("#reauthenticate .leave").onclick = leave;
addEventListener("online", retryDisconnected);
initSignIn(showDocuments);
