/** The account of the signed-in user: two-step sign-in. */

import { $, el } from "./dom.js";
import { errorText } from "./errors.js";
import { initClosing, submitHandler } from "./forms.js";
import { renderQrCode } from "./qr_code.js";
import { session } from "./session.js";
import { userAccount } from "./user_pool.js";

const AUTHENTICATOR = "SOFTWARE_TOKEN_MFA";

/** Call an action of this user; an expired token is renewed first. */
async function callAccount(action, body) {
  const { AccessToken, IdToken } = session.tokens;
  try {
    return await userAccount(action, AccessToken, body);
  } catch (error) {
    if (error.code !== "NotAuthorizedException") throw error;
    await session.renew(IdToken);
    return userAccount(action, session.tokens.AccessToken, body);
  }
}

/** Show whether two-step sign-in is on. */
function showMfa(isOn) {
  $("#mfa-state").textContent = isOn
    ? "On: sign-in requires a code from your authenticator app."
    : "Off. With an authenticator app, nobody can sign in with your password alone.";
  $("#mfa-on").hidden = isOn;
  $("#mfa-off").hidden = !isOn;
  hideSetup();
}

/** The secret does not remain in the page. */
function hideSetup() {
  $("#mfa-setup").hidden = true;
  for (const part of ["#mfa-qr", "#mfa-secret", "#mfa-link"]) $(part).replaceChildren();
}

async function openAccount() {
  const dialog = $("#account");
  $("#account-email").textContent = session.user.email;
  $(".problem", dialog).textContent = "";
  $("#mfa-state").textContent = "Loading…";
  for (const part of ["#mfa-on", "#mfa-off"]) $(part).hidden = true;
  dialog.showModal();
  await attempt(async () => {
    const { UserMFASettingList = [] } = await callAccount("GetUser");
    showMfa(UserMFASettingList.includes(AUTHENTICATOR));
  });
}

/**
 * Show the secret for the authenticator app: as a QR code, as text, and as a link for apps on this device.
 * https://github.com/google/google-authenticator/wiki/Key-Uri-Format
 */
async function startSetup() {
  const { SecretCode } = await callAccount("AssociateSoftwareToken");
  const label = encodeURIComponent(`Intake:${session.user.email}`);
  const href = `otpauth://totp/${label}?secret=${SecretCode}&issuer=Intake`;
  $("#mfa-qr").replaceChildren(renderQrCode(href, "QR code of the key"));
  $("#mfa-secret").textContent = SecretCode.match(/.{1,4}/g).join(" ");
  $("#mfa-link").replaceChildren(el("a", { href }, "Open an authenticator app on this device"));
  const form = $("#mfa-setup");
  form.hidden = false;
  $("#mfa-on").hidden = true;
  form.code.value = "";
  form.code.focus();
}

async function finishSetup() {
  const UserCode = $("#mfa-setup").code.value.trim();
  await callAccount("VerifySoftwareToken", { UserCode });
  await setPreference(true);
}

async function setPreference(isOn) {
  await callAccount("SetUserMFAPreference", {
    SoftwareTokenMfaSettings: { Enabled: isOn, PreferredMfa: isOn },
  });
  showMfa(isOn);
}

async function attempt(act) {
  const message = $("#account > .problem");
  message.textContent = "";
  try {
    await act();
  } catch (error) {
    message.textContent = errorText(error);
  }
}

export function initAccount() {
  initClosing($("#account"));
  $("#account").onclose = hideSetup;
  $("#open-account").onclick = openAccount;
  $("#mfa-on").onclick = () => attempt(startSetup);
  $("#mfa-off").onclick = () => attempt(() => setPreference(false));
  $("#mfa-setup").onsubmit = submitHandler($("#mfa-setup"), finishSetup);
}
