/** Addresses as Envoy reads them: where no name is looked up, only an IP address will do. */
import { isIP, isIPv6 } from "node:net";
import type { FieldPath } from "../base/field-path.ts";
import type { Address, CidrRange, SocketAddress } from "../gen/envoy/config/core/v3/address_pb.ts";
import type { Findings } from "./validate-findings.ts";

/** Reports what is no IP address with a port number; pipes and internal listeners pass. */
export function checkIpAddress(address: Address | undefined, at: FieldPath, found: Findings): void {
  if (address?.address.case === "socketAddress") {
    checkIpSocket(address.address.value, [...at, "socket_address"], found);
  }
}

/** Reports what is no IP address with a port number. */
export function checkIpSocket({ address, portSpecifier }: SocketAddress, at: FieldPath, found: Findings): void {
  if (isIP(address) === 0) found.add(`must be an IP address, not ${JSON.stringify(address)}`, [...at, "address"]);
  else if (portSpecifier.case === "namedPort") found.add("must be a number", [...at, "named_port"]);
}

/** A text that is equal for equal socket addresses; undefined for what is none, or has no fixed port. */
export function addressKey(address: Address | undefined): string | undefined {
  if (address?.address.case !== "socketAddress") return undefined;
  const { address: host, portSpecifier, protocol } = address.address.value;
  if (isIP(host) === 0 || portSpecifier.case !== "portValue" || portSpecifier.value === 0) return undefined;
  const { bits, value } = ipValue(host);
  return `${protocol}/${bits}/${value.toString(16)}:${portSpecifier.value}`;
}

/** A text that is equal for equal ranges, bits beyond the prefix ignored; undefined where it is no range. */
export function rangeKey({ addressPrefix, prefixLen = 0 }: CidrRange): string | undefined {
  if (isIP(addressPrefix) === 0) return undefined;
  const { bits, value } = ipValue(addressPrefix);
  const length = Math.min(prefixLen, bits);
  return `${bits}/${(value >> BigInt(bits - length)).toString(16)}/${length}`;
}

/** @param address a valid one */
function ipValue(address: string): { readonly bits: number; readonly value: bigint } {
  if (!isIPv6(address)) return { bits: 32, value: join(address.split(".").map(Number), 8n) };
  const text = address.replace(/%.*/, "").replace(/[\d.]+$/, (tail) => (tail.includes(".") ? asGroups(tail) : tail));
  const [head = "", tail] = text.split("::");
  const groups = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((digits) => Number.parseInt(digits, 16));
  const [front, back] = [groups(head), groups(tail ?? "")];
  return { bits: 128, value: join([...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back], 16n) };
}

function join(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((value, part) => (value << width) | BigInt(part), 0n);
}

function asGroups(ipv4: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split(".").map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}
