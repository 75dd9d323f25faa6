/** What the tests with a real cluster need beyond Node and Go: root, and Debian's packages of a container runtime. */
import { existsSync } from "node:fs";
import { install, missingPrerequisites } from "./prerequisites.ts";

/** Where Debian puts the CNI plugins. */
export const CNI_PLUGINS = "/usr/lib/cni";

/** Executables with the Debian packages that hold them. */
const EXECUTABLES = [
  ["/usr/bin/containerd", "containerd"],
  ["/usr/sbin/runc", "runc"],
  [`${CNI_PLUGINS}/ptp`, "containernetworking-plugins"],
  ["/usr/sbin/conntrack", "conntrack"],
  ["/usr/sbin/nft", "nftables"],
  ["/usr/bin/openssl", "openssl"],
] as const;

/** Reasons why a cluster cannot run here, after installing what root can install. */
export function missingClusterPrerequisites(): readonly string[] {
  const missing = missingPrerequisites();
  if (missing.length > 0) return missing;
  const absent = EXECUTABLES.filter(([path]) => !existsSync(path));
  if (absent.length === 0) return [];
  install(absent.map(([, name]) => name));
  return absent.filter(([path]) => !existsSync(path)).map(([path, name]) => `${path} is missing (package ${name})`);
}
