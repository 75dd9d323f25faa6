/** Variants of a policy's file: what the policy would be without one of its parts, or with another value. */
import { parseDocument } from "yaml";

/** A place in the file, e.g. `["spec", "loadBalancing", "policy"]`. */
export type FieldPath = readonly (string | number)[];

/** Stands in the place of a policy's file in a control run. */
export const NO_POLICY = "# no policy\n";

/**
 * The text of a policy with some of its fields put or, where the value is undefined, taken away.
 *
 * @throws Error when a field that should go is not there, so that no control run is like the run that it is compared with
 */
export function variant(text: string, changes: readonly (readonly [FieldPath, unknown])[]): string {
  const document = parseDocument(text);
  for (const [path, value] of changes) {
    if (value !== undefined) document.setIn(path, document.createNode(value));
    else if (!document.deleteIn(path)) throw new Error(`there is no ${path.join(".")} to take away`);
  }
  return document.toString();
}
