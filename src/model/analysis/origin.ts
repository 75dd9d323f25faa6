import type { Diagnostic } from "../../base/diagnostic.ts";
import { finding, ofRoutes } from "./subject.ts";

/** Origins as browsers never write them: they are a scheme, a host and perhaps a port, and nothing else. */
export const strangeOrigins = ofRoutes((policy, { cors }, path) =>
  (cors?.allowOrigins ?? []).flatMap(({ exact }, index): readonly Diagnostic[] => {
    const right = exact === undefined ? undefined : written(exact);
    if (exact === undefined || right === exact) return [];
    const advice =
      right === undefined ? "an origin is a scheme and a host, such as https://shop.example" : `write ${right}`;
    const message = `"${exact}" is no origin that a browser sends: ${advice}`;
    return [finding(policy, "HED1372", `${path}.cors.allowOrigins[${index}].exact`, message)];
  }),
);

/** The origin as a browser writes it; undefined where it is not clear which is meant. */
function written(origin: string): string | undefined {
  if (origin === "*" || origin === "null") return origin;
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]+)/i.exec(origin);
  if (!parts) return undefined;
  const [, scheme, host] = parts;
  const bare = `${scheme}://${host}`.toLowerCase();
  if (bare.startsWith("https:")) return bare.replace(/:443$/, "");
  return bare.startsWith("http:") ? bare.replace(/:80$/, "") : bare;
}
