/** E-mail addresses of the users who own documents; operators see them. */

import { api } from "./api.js";
import { limitConcurrency } from "./pacing.js";
import { session } from "./session.js";

const REQUESTS_AT_ONCE = 2;

/** @type {Map<string, string>} E-mail addresses by owner, as far as they are known. */
const emails = new Map();
const limitRequests = limitConcurrency(REQUESTS_AT_ONCE);

/** The owner of a document, for operators; "" for others, who see only their own. */
export function ownerName({ owner }) {
  if (!session.user.isOperator) return "";
  if (!owner) return "Uploaded directly";
  return owner === session.user.sub ? "You" : (emails.get(owner) ?? owner);
}

/** Look up the owners of documents whose addresses are unknown. Calls `onResolved` if there are any. */
export async function resolveOwners(records, onResolved) {
  if (!session.user.isOperator) return;
  const unknown = new Set(records.map(({ owner }) => owner).filter((owner) => owner && owner !== session.user.sub && !emails.has(owner)));
  await Promise.all([...unknown].map((owner) => limitRequests(async () => {
    const { email = owner } = await api.user(owner).catch(({ code }) => (code === 404 ? {} : { email: null }));
    if (email) emails.set(owner, email); // 404: deleted, or an owner from elsewhere
  })));
  if (unknown.size) onResolved();
}
