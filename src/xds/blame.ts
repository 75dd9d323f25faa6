/**
 * Reads Envoy's `error_detail`: whom does it blame, and what of it may be shown. The forms were measured on Envoy 1.36
 * to 1.40.
 */
import { SECRET } from "./type-url.ts";

/** `Error adding/updating cluster(s) b: why, c: why` and the same of listeners; names hold no `: `. */
const BATCH = /Error adding\/updating (?:cluster|listener)\(s\) (.*)/s;
/** The first field of the dump of a resource that breaks a validation rule. */
const DUMPED = /\b(?:cluster_)?name: "((?:[^"\\]|\\.)*)"/;
const DUPLICATE_DOMAIN =
  /(?:Duplicate entry of domain|Only unique values for domains are permitted).*? in route ([^\s,]+)/;

/**
 * Names among `candidates` that the refusal names as culprits, in no order; empty when it names none.
 *
 * @param detail the client's text, as it came
 * @param candidates names in the refused response
 */
export function blamed(detail: string, candidates: ReadonlySet<string>): readonly string[] {
  const batch = BATCH.exec(detail)?.[1];
  if (batch !== undefined) {
    return [...candidates].filter((name) => batch.startsWith(`${name}: `) || batch.includes(`, ${name}: `));
  }
  for (const pattern of [DUPLICATE_DOMAIN, DUMPED]) {
    const name = pattern.exec(detail)?.[1];
    if (name !== undefined && candidates.has(name)) return [name];
  }
  return [];
}

/** Longest reason that is kept. */
const MAX_REASON = 1024;

/**
 * The part of a refusal that may be logged and stored. Envoy repeats the whole refused resource where it breaks a
 * validation rule, a Secret with its private key; of that only the rule is kept. Debug markers, which are random, go.
 */
export function redact(typeUrl: string, detail: string): string {
  const rule = /Proto constraint validation failed.*/s.exec(detail)?.[0];
  let text = rule ?? detail.replace(/^goo\.gle\/debug\w+\s*/, "");
  if (typeUrl === SECRET && rule === undefined) text = "the client refused a secret (details withheld)";
  text = text
    .replace(/-----BEGIN[^-]*-----[\s\S]*?(-----END[^-]*-----|$)/g, "[redacted]")
    .replace(/\s+/g, " ")
    .trim();
  return text.length > MAX_REASON ? `${text.slice(0, MAX_REASON - 1)}…` : text;
}
