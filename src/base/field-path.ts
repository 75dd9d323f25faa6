/** A field inside an object: keys and list indexes, outermost first. */
export type FieldPath = readonly PropertyKey[];

/** `spec.routes[0].timeout`, as diagnostics write a field; keys that are no plain words stand in quotes. */
export function formatPath(path: FieldPath): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(String(part))) text += text === "" ? String(part) : `.${String(part)}`;
    else text += `[${JSON.stringify(String(part))}]`;
  }
  return text;
}
