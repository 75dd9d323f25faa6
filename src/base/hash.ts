import { hash } from "node:crypto";

/** A stable 64-bit content hash as 16 hex digits: equal bytes give equal hashes, on any machine and in any process. */
export function contentHash(content: Uint8Array | string): string {
  return hash("sha256", content, "hex").slice(0, 16);
}
