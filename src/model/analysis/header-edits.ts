import type { HeaderEdits } from "../../api/traffic-policy.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import type { Policy } from "../snapshot.ts";
import { finding, ofRoutes } from "./subject.ts";

/** They say where a message ends, which the sidecar knows itself. Other headers of one hop only may be set. */
const FRAMING: ReadonlySet<string> = new Set(["content-length", "transfer-encoding"]);

/** Edits of headers that undo one another, or that break messages. */
export const headerEdits = ofRoutes((policy, { headers }, path) =>
  (["request", "response"] as const).flatMap((side) => {
    const edits = headers?.[side];
    return edits
      ? [...undone(policy, edits, `${path}.headers.${side}`), ...framing(policy, edits, `${path}.headers.${side}`)]
      : [];
  }),
);

/** Removal comes first, then what is set and added, in the order of the lists. */
function undone(policy: Policy, { set = [], remove = [] }: HeaderEdits, path: string): readonly Diagnostic[] {
  const names = set.map(({ name }) => name.toLowerCase());
  const removed = remove.flatMap((name, index) => {
    if (!names.includes(name.toLowerCase())) return [];
    const message = `${name} is set as well, which puts the new value in the place of the old one: removing it has no effect`;
    return [finding(policy, "HED1373", `${path}.remove[${index}]`, message)];
  });
  const twice = names.flatMap((name, index) => {
    if (names.lastIndexOf(name) === index) return [];
    const message = `has no effect: ${name} is set again by ${path}.set[${names.lastIndexOf(name)}]`;
    return [finding(policy, "HED1373", `${path}.set[${index}]`, message)];
  });
  return [...removed, ...twice];
}

function framing(policy: Policy, { set = [], add = [] }: HeaderEdits, path: string): readonly Diagnostic[] {
  return Object.entries({ set, add }).flatMap(([list, entries]) =>
    entries.flatMap(({ name }, index) => {
      if (!FRAMING.has(name.toLowerCase())) return [];
      const message = `${name} says where a message ends: one that is set breaks the message, or is dropped`;
      return [finding(policy, "HED1374", `${path}.${list}[${index}].name`, message)];
    }),
  );
}
