/** Forms and the confirmation dialog. */

import { $ } from "./dom.js";

/** A form's submit handler that prevents double submission and shows errors. */
export function submitHandler(form, act) {
  return async (event) => {
    event.preventDefault();
    const message = $(".problem", form);
    const needed = [...form.elements].filter((input) => input.required);
    const empty = needed.find((input) => !input.value);
    message.textContent = empty ? `Enter ${needed.length > 1 ? "your e-mail address and" : "a"} password.` : "";
    if (empty) return empty.focus();
    const button = $("[type=submit]", form);
    button.disabled = true;
    try {
      await act();
    } catch (error) {
      message.textContent = error.message;
      form.password.select();
      form.password.focus();
    } finally {
      button.disabled = false;
    }
  };
}

/**
 * Ask for confirmation.
 * @param {(Node | string)[]} title
 */
export function confirmAction(title, text, yes) {
  const dialog = $("#confirm");
  $("h2", dialog).replaceChildren(...title);
  $("p", dialog).textContent = text;
  $("[value=yes]", dialog).textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
  });
}

export function initConfirm() {
  const dialog = $("#confirm");
  for (const button of dialog.querySelectorAll("button")) button.onclick = () => dialog.close(button.value);
}
