/** Random annotations of pods: mostly right, now and then hostile. */
import fc from "fast-check";
import { HOSTILE } from "./hostile-text.ts";

/** A right value in most cases. */
function annotation(...right: string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { arbitrary: fc.constantFrom(...right), weight: 6 },
    { arbitrary: fc.constantFrom("15080", ...HOSTILE), weight: 1 },
  );
}

export const podAnnotations = fc.record(
  {
    "heddle.dev/capture": annotation("explicit", "transparent"),
    "heddle.dev/inbound-ports": annotation("8080:9001", "127.0.0.1"),
    "heddle.dev/outbound-address": annotation("127.0.0.1", "10.0.0.1", "::1"),
    "heddle.dev/outbound-http-port": annotation("15080", "8080"),
    "heddle.dev/outbound-udp-ports": annotation(
      "9000:a:53, 9001:checkout.shop:80,9002:b.b:8080",
      "53:a.default:53,54:a.default:80,55:a.default:443,56:b.default:53",
      "443:c:443, 80:a-b.shop:65535",
    ),
  },
  { requiredKeys: [], noNullPrototype: true },
);
