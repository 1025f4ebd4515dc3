/** Elements of the page, and text from uploaders in them. */

export const $ = (selector, root = document) => root.querySelector(selector);

/** Control characters, and the controls that reorder text. */
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
/** Act like a letter of Arabic or Hebrew. Text with such letters needs them; in other text they only deceive. */
const RIGHT_TO_LEFT_MARKS = /[\u061c\u200f]/g;
const RIGHT_TO_LEFT_LETTER = /(?=\p{L})[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Create an element; properties that it lacks become attributes, strings become text nodes. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Replace each invisible character by its escape sequence, so that "\u202egpj.exe" cannot be shown as "exe.jpg". */
export function visible(value) {
  const escape = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const text = String(value).replace(INVISIBLE, escape);
  return RIGHT_TO_LEFT_LETTER.test(text) ? text : text.replace(RIGHT_TO_LEFT_MARKS, escape);
}

/** The same for longer text, which keeps its lines and tabs. */
export const visibleLines = (text) => text.replaceAll("\r\n", "\n").split(/([\n\t])/).map((part, place) => (place % 2 ? part : visible(part))).join("");

/** Wrap text from uploaders, so that right-to-left text does not reorder the text around it. */
export const isolate = (text) => el("bdi", {}, visible(text));

/** Announce a change to screen readers. */
export function announce(text) {
  const news = $("#news");
  news.append(el("p", {}, text));
  if (news.childElementCount > 20) news.firstElementChild.remove();
}
