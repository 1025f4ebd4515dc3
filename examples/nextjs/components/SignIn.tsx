"use client";

import { useState, type FormEvent } from "react";
import { isChallenge, respond, signIn, type Challenge, type Tokens } from "@/lib/cognito";
import type { Config } from "@/lib/config";
import { messageOf } from "@/lib/store";

const QUESTIONS = {
  NEW_PASSWORD_REQUIRED: { label: "New password", type: "password", autoComplete: "new-password" },
  SOFTWARE_TOKEN_MFA: { label: "Code of your authenticator app", type: "text", autoComplete: "one-time-code" },
} as const;

/** The sign-in form, and the steps that Cognito asks for. */
export function SignIn({ config, onSignedIn }: { config: Config; onSignedIn: (tokens: Tokens) => void }) {
  const [challenge, setChallenge] = useState<Challenge | null>(null);
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const text = (name: string) => String(fields.get(name));
    setBusy(true);
    setProblem("");
    try {
      const result = challenge
        ? await respond(config, challenge, text("answer"))
        : await signIn(config, text("username"), text("password"));
      if (isChallenge(result)) setChallenge(result);
      else onSignedIn(result);
    } catch (error) {
      setProblem(messageOf(error));
    }
    setBusy(false);
  }

  function restart() {
    setChallenge(null);
    setProblem("");
  }

  return (
    <form className="card sign-in" onSubmit={submit}>
      <h1>Sign in</h1>
      {challenge ? (
        <Field key={challenge.name} name="answer" {...QUESTIONS[challenge.name]} />
      ) : (
        <>
          <Field name="username" label="E-mail address" type="email" autoComplete="username" />
          <Field name="password" label="Password" type="password" autoComplete="current-password" />
        </>
      )}
      <p role="alert" className="problem">{problem}</p>
      <button type="submit" disabled={isBusy}>{challenge ? "Continue" : "Sign in"}</button>
      {challenge && <button type="button" className="quiet" onClick={restart}>Start again</button>}
    </form>
  );
}

function Field({ name, label, type, autoComplete }: { name: string; label: string; type: string; autoComplete: string }) {
  return (
    <label>
      {label}
      <input name={name} type={type} autoComplete={autoComplete} required />
    </label>
  );
}
