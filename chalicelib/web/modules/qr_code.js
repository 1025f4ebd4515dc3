/** QR codes as pictures. */

import { encode } from "../third_party/uqr.js";

const SVG = "http://www.w3.org/2000/svg";
const QUIET_ZONE = 4; // modules on each side, which ISO/IEC 18004 requires

function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** A text as a QR code. @param {string} label For screen readers. */
export function renderQrCode(text, label) {
  const { size, data } = encode(text, { ecc: "M", border: QUIET_ZONE });
  const dark = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : "")));
  const attributes = { class: "qr-code", viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label };
  return svg("svg", attributes, svg("path", { d: dark.join("") }));
}
