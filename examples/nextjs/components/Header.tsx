import Link from "next/link";
import { visible } from "@/lib/format";
import type { Session } from "@/lib/session";

export function Header({ session }: { session: Session | null }) {
  return (
    <header className="bar">
      <Link href="/" className="brand">Intake</Link>
      {session && (
        <>
          <span className="user">{visible(session.email)}</span>
          <button type="button" className="quiet" onClick={() => session.signOut()}>Sign out</button>
        </>
      )}
    </header>
  );
}
