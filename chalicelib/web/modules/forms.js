/** Forms and the confirmation dialog. */

import { $ } from "./dom.js";
import { errorText } from "./errors.js";

/** A form's submit handler that prevents double submission and shows errors. */
export function submitHandler(form, act) {
  return async (event) => {
    event.preventDefault();
    const message = $(".problem", form);
    const needed = [...form.elements].filter((input) => input.required);
    const empty = needed.find((input) => !input.value.trim());
    message.textContent = empty ? form.dataset.needed : "";
    if (empty) return empty.focus();
    const button = $("[type=submit]", form);
    button.disabled = true;
    try {
      await act();
    } catch (error) {
      message.textContent = errorText(error);
      const wrong = [...form.elements].findLast((input) => input.required);
      wrong.select();
      wrong.focus();
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

/** Close a dialog by its Close button and by a click on the backdrop. */
export function initClosing(dialog) {
  $(".close", dialog).onclick = () => dialog.close();
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // the backdrop
  });
}

export function initConfirm() {
  const dialog = $("#confirm");
  for (const button of dialog.querySelectorAll("button")) button.onclick = () => dialog.close(button.value);
}
