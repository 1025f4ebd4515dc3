/** The web UI: signs in, uploads files and lists documents with their metadata. */

import { initDocument } from "./document.js";
import { $, isolate } from "./dom.js";
import { initDrops } from "./drops.js";
import { isSending, list } from "./entries.js";
import { formatSize, typeLabel } from "./format.js";
import { confirmAction, initConfirm } from "./forms.js";
import { initList, reload } from "./list.js";
import { session } from "./session.js";
import { settings } from "./settings.js";
import { initSignIn } from "./sign_in.js";

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
  const text = `${left} ${left === 1 ? "upload is" : "uploads are"} in progress and will be cancelled.`;
  if (left && !(await confirmAction(["Sign out now?"], text, "Sign out"))) return;
  await leave();
}

/** End the session and reload the page, which discards all state. */
async function leave() {
  await session.signOut();
  removeEventListener("beforeunload", warnBeforeUnload);
  location.reload();
}

function initWork() {
  $("#sign-out").onclick = signOut;
  $("#reauthenticate .leave").onclick = leave;
}

initSignIn(showDocuments);
initWork();
initList();
initConfirm();
initDocument();
initDrops();
