/** What the control plane serves with, and what its clients are to trust. */
import type { ServerCertificate } from "../kube/webhook-server.ts";

export interface IdentityState {
  readonly serverCertificate: ServerCertificate;
  /** CAs, in PEM. */
  readonly bundle: string;
}

export interface Identity {
  /** Resolves when there is something to serve with. */
  start(): Promise<void>;
  /** Only after `start`. */
  current(): IdentityState;
  /** Called when either part has changed. */
  onChange(listener: (state: IdentityState) => void): void;
  close(): Promise<void>;
}

/** What happened to an identity, for the log. It never holds key material. */
export interface IdentityEvent {
  readonly kind: "created" | "loaded" | "rotated" | "renewed" | "failed";
  readonly detail: string;
}

/** Keeps listeners, and tells them. */
export function createListeners<T>(): { add(listener: (value: T) => void): void; tell(value: T): void } {
  const listeners: ((value: T) => void)[] = [];
  return {
    add: (listener) => void listeners.push(listener),
    tell(value) {
      for (const listener of listeners) listener(value);
    },
  };
}
