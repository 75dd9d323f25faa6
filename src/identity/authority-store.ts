/** One CA for all replicas, kept in a Secret; each replica issues itself a certificate to serve with. */
import type { Clock } from "../base/clock.ts";
import { HeddleError, messageOf } from "../base/errors.ts";
import { createBackoff, sleep } from "../kube/backoff.ts";
import type { KubeClient } from "../kube/client.ts";
import { type Authority, trustBundle } from "./authority.ts";
import { type Change, loadAuthority } from "./authority-secret.ts";
import { issueServerCertificate, type Issued } from "./certificate.ts";
import { createListeners, type Identity, type IdentityEvent, type IdentityState } from "./identity.ts";

export interface AuthorityOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly secretName: string;
  /** Names in the serving certificate. */
  readonly dnsNames: readonly string[];
  readonly clock: Clock;
  /** Milliseconds since the epoch. */
  readonly wallClock?: () => number;
  readonly random?: () => number;
  readonly onEvent?: (event: IdentityEvent) => void;
}

const SERVER_LIFETIME = 24 * 60 * 60_000;
/** Part of a certificate's life after which it is replaced. */
const RENEW_AT = 2 / 3;
/** Milliseconds between two looks at the Secret, on average: replicas look at different times. */
const RECHECK = 10 * 60_000;
const MIN_WAIT = 1000;

/** What this replica serves with, and from whom it is. */
interface Serving extends IdentityState {
  readonly issuer: string;
  /** Milliseconds since the epoch. */
  readonly renewAt: number;
}

/** `start` waits for the API server, and for a Secret that can be used, for as long as it takes. */
export function createAuthority(options: AuthorityOptions): Identity {
  const { client, namespace, secretName, dnsNames, clock, onEvent = () => {} } = options;
  const { wallClock = Date.now, random = Math.random } = options;
  const listeners = createListeners<IdentityState>();
  const stop = new AbortController();
  const secret = { client, namespace, name: secretName, wallClock, signal: stop.signal };
  let running: Promise<void> | undefined;
  /** As it was last read. */
  let held: Authority | undefined;
  let serving: Serving | undefined;

  /** What is there stays in use while the Secret cannot be read, and certificates go on being issued from it. */
  async function refresh(): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    try {
      const { authority, change } = await loadAuthority(secret, held);
      held = authority;
      if (change) onEvent(eventOf(change, `${namespace}/${secretName}`));
    } catch (error) {
      failure = { error };
    }
    if (held && !stop.signal.aborted) await serve(held);
    if (failure) throw failure.error;
  }

  async function serve(authority: Authority): Promise<void> {
    const now = wallClock();
    const bundle = trustBundle(authority);
    const issuer = authority.current.certificate;
    const kept = serving?.issuer === issuer && now < serving.renewAt ? serving : undefined;
    if (kept?.bundle === bundle) return;
    const { serverCertificate, renewAt } = kept ?? (await issue(authority, now));
    serving = { serverCertificate, bundle, issuer, renewAt };
    listeners.tell(serving);
  }

  async function issue({ current }: Authority, now: number): Promise<{ serverCertificate: Issued; renewAt: number }> {
    const issued = await issueServerCertificate(current, { dnsNames, now, lifetime: SERVER_LIFETIME });
    const until = new Date(issued.notAfter).toISOString();
    onEvent({ kind: "renewed", detail: `a certificate for ${dnsNames[0]} was issued, good until ${until}` });
    return { serverCertificate: issued, renewAt: now + (issued.notAfter - now) * RENEW_AT };
  }

  /** Never rejects. @returns whether all went well */
  async function tryRefresh(): Promise<boolean> {
    try {
      await refresh();
      return true;
    } catch (error) {
      if (!stop.signal.aborted) onEvent({ kind: "failed", detail: messageOf(error) });
      return false;
    }
  }

  async function begin(): Promise<void> {
    const backoff = createBackoff({ base: 200, max: 10_000, random });
    while (!stop.signal.aborted) {
      await tryRefresh();
      if (serving) return;
      await sleep(clock, backoff.next(), stop.signal);
    }
    throw new HeddleError("CERTIFICATE", "closed before there was a certificate");
  }

  async function keepUp(): Promise<void> {
    const backoff = createBackoff({ base: MIN_WAIT, max: 60_000, random });
    let fine = true;
    for (;;) {
      if (fine) backoff.reset();
      await sleep(clock, fine ? untilNextLook() : backoff.next(), stop.signal);
      if (stop.signal.aborted) return;
      fine = await tryRefresh();
    }
  }

  function untilNextLook(): number {
    const look = RECHECK * (0.5 + random());
    return Math.max(MIN_WAIT, Math.min(look, serving!.renewAt - wallClock()));
  }

  return {
    async start() {
      await begin();
      running = keepUp();
    },
    current() {
      if (!serving) throw new HeddleError("CERTIFICATE", "there is no certificate before start");
      return serving;
    },
    onChange: listeners.add,
    async close() {
      stop.abort();
      await running;
    },
  };
}

function eventOf(change: Change, secret: string): IdentityEvent {
  switch (change) {
    case "created":
      return { kind: "created", detail: `a CA was made; it is kept in Secret ${secret}` };
    case "restored":
      return { kind: "created", detail: `Secret ${secret} was gone; the CA was put back` };
    case "announced":
      return { kind: "rotated", detail: "the next CA is trusted from now on" };
    case "promoted":
      return { kind: "rotated", detail: "another CA issues from now on" };
    case "pruned":
      return { kind: "rotated", detail: "a CA that has expired is not trusted any more" };
  }
}
