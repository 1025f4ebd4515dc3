/** Sign-in, and the dialog of an expired session. */

import { $ } from "./dom.js";
import { UserError } from "./errors.js";
import { submitHandler } from "./forms.js";
import { session } from "./session.js";

/** Ask for the password in a modal dialog until the same user is signed in again. */
function askForPassword() {
  const dialog = $("#reauthenticate");
  const form = $("form", dialog);
  form.username.value = session.user.email;
  form.password.value = "";
  dialog.showModal();
  form.password.focus();
  dialog.onclose = () => dialog.showModal(); // browsers let a second Escape close it
  return new Promise((resolve) => {
    form.onsubmit = submitHandler(form, async () => {
      const challenge = await session.signIn(form.username.value, form.password.value);
      if (challenge) throw new UserError("This password is temporary. Sign out, then sign in to replace it.");
      form.password.value = "";
      dialog.onclose = null;
      dialog.close();
      resolve(undefined);
    });
  });
}

/** @param {() => void} onSignedIn Called once a user is signed in. */
export function initSignIn(onSignedIn) {
  session.askForPassword = askForPassword;
  $("#reauthenticate").oncancel = (event) => event.preventDefault(); // sign-in is required
  const form = $("#sign-in");
  const second = $("#new-password");
  form.onsubmit = submitHandler(form, async () => {
    const challenge = await session.signIn(form.username.value.trim(), form.password.value);
    if (!challenge) return onSignedIn();
    form.hidden = true;
    second.hidden = false;
    second.username.value = form.username.value; // for password managers
    second.password.focus();
    second.onsubmit = submitHandler(second, async () => {
      const another = await session.choosePassword(challenge, second.password.value);
      if (another) throw new UserError("The password must be changed again. Sign in again.");
      onSignedIn();
    });
  });
}
