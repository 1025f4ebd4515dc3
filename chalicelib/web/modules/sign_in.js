/** Sign-in with its challenges, password reset, and the dialog of an expired session. */

import { $ } from "./dom.js";
import { errorText, UserError } from "./errors.js";
import { submitHandler } from "./forms.js";
import { session } from "./session.js";
import { userPool } from "./user_pool.js";

/** Forms that answer a challenge, and the field of each that has the answer. */
const CHALLENGES = {
  NEW_PASSWORD_REQUIRED: ["#new-password", "password"],
  SOFTWARE_TOKEN_MFA: ["#mfa-code", "code"],
};

/** Show one of the forms. */
function showForm(selector) {
  for (const form of document.querySelectorAll("#welcome form")) form.hidden = !form.matches(selector);
  const form = $(selector);
  $(".problem", form).textContent = "";
  [...form.elements].find((input) => input.required && !input.value)?.focus();
  return form;
}

/** Ask for what a challenge requires, until the user is signed in. */
function proceed(challenge, onSignedIn) {
  if (!challenge) return onSignedIn();
  const [selector, field] = CHALLENGES[challenge.name];
  const form = showForm(selector);
  form.username.value = $("#sign-in").username.value; // for password managers
  form[field].value = "";
  form[field].focus();
  form.onsubmit = submitHandler(form, async () => {
    const { value } = form[field];
    proceed(await session.answer(challenge, field === "code" ? value.trim() : value), onSignedIn);
  });
}

/** Send a code to the user's e-mail address and ask for it and a new password. */
function initReset(onSignedIn) {
  const request = $("#forgot-password");
  const confirm = $("#reset-password");
  $("#forgot").onclick = () => {
    request.username.value = $("#sign-in").username.value;
    showForm("#forgot-password");
  };
  for (const button of document.querySelectorAll("#welcome .back")) button.onclick = () => showForm("#sign-in");
  request.onsubmit = submitHandler(request, async () => {
    const Username = request.username.value.trim();
    await userPool("ForgotPassword", { Username });
    confirm.username.value = Username;
    $("#reset-sent").textContent = `If ${Username} has an account, a code was sent to this address.`;
    showForm("#reset-password");
  });
  confirm.onsubmit = submitHandler(confirm, async () => {
    const Username = confirm.username.value;
    const Password = confirm.password.value;
    await userPool("ConfirmForgotPassword", { Username, Password, ConfirmationCode: confirm.code.value.trim() });
    $("#sign-in").username.value = Username;
    proceed(await session.signIn(Username, Password), onSignedIn);
  });
}

/** Ask for the password, and a code if necessary, until the same user is signed in again. */
function askForPassword() {
  const dialog = $("#reauthenticate");
  const form = $("form", dialog);
  const askForCode = (isAsked) => {
    form.code.required = isAsked;
    form.code.closest("label").hidden = !isAsked;
    form.code.value = "";
  };
  form.reset();
  form.username.value = session.user.email;
  askForCode(false);
  let challenge = null;
  const startAgain = (error) => {
    if (error.code === "NotAuthorizedException") { // Cognito keeps a challenge for three minutes
      challenge = null;
      askForCode(false);
    }
    throw error;
  };
  dialog.showModal();
  form.password.focus();
  dialog.onclose = () => dialog.showModal(); // browsers let a second Escape close it
  return new Promise((resolve) => {
    form.onsubmit = submitHandler(form, async () => {
      challenge = challenge
        ? await session.answer(challenge, form.code.value.trim()).catch(startAgain)
        : await session.signIn(form.username.value, form.password.value);
      if (challenge?.name === "SOFTWARE_TOKEN_MFA") {
        askForCode(true);
        return form.code.focus();
      }
      if (challenge) throw new UserError("This password is temporary. Sign out, then sign in to replace it.");
      form.password.value = "";
      dialog.onclose = null;
      dialog.close();
      resolve(undefined);
    });
  });
}

/** @param {() => void} onSignedIn Called once a user is signed in. */
export async function initSignIn(onSignedIn) {
  session.askForPassword = askForPassword;
  $("#reauthenticate").oncancel = (event) => event.preventDefault(); // sign-in is required
  const form = $("#sign-in");
  form.onsubmit = submitHandler(form, async () => {
    proceed(await session.signIn(form.username.value.trim(), form.password.value), onSignedIn);
  });
  initReset(onSignedIn);
  if (!session.canResume()) return showForm("#sign-in");
  try {
    await session.resume();
  } catch (error) {
    $(".problem", showForm("#sign-in")).textContent = errorText(error);
    return;
  }
  onSignedIn();
}
