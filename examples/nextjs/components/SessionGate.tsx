"use client";

import { createContext, use, useEffect, useState, type ReactNode } from "react";
import { createApi, type Api } from "@/lib/api";
import type { Tokens } from "@/lib/cognito";
import { loadConfig, type Config } from "@/lib/config";
import { Session } from "@/lib/session";
import { DocumentStore, messageOf } from "@/lib/store";
import { Header } from "./Header";
import { SignIn } from "./SignIn";

export interface SignedIn {
  api: Api;
  config: Config;
  session: Session;
  store: DocumentStore;
}

const SignedInContext = createContext<SignedIn | null>(null);

/** What a signed-in user has; only for components inside the gate. */
export function useSignedIn(): SignedIn {
  const value = use(SignedInContext);
  if (!value) throw new Error("useSignedIn is used outside SessionGate");
  return value;
}

/** Shows the sign-in form until a user is signed in, then the pages. */
export function SessionGate({ children }: { children: ReactNode }) {
  const [config, setConfig] = useState<Config | null>(null);
  const [signedIn, setSignedIn] = useState<SignedIn | null>(null);
  const [problem, setProblem] = useState("");

  useEffect(() => {
    loadConfig().then(setConfig, (error: unknown) => setProblem(messageOf(error)));
  }, []);

  function start(tokens: Tokens) {
    if (!config) return;
    const session = new Session(config, tokens, end);
    const api = createApi(config, session);
    const store = new DocumentStore(api);
    setSignedIn({ api, config, session, store });

    function end() {
      store.close();
      setSignedIn(null);
    }
  }

  return (
    <>
      <Header session={signedIn?.session ?? null} />
      <main id="main">
        {problem && <p role="alert" className="problem">{problem}</p>}
        {config && !signedIn && <SignIn config={config} onSignedIn={start} />}
        {signedIn && <SignedInContext value={signedIn}>{children}</SignedInContext>}
      </main>
    </>
  );
}
