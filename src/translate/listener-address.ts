import type { Diagnostic } from "../base/diagnostic.ts";
import { SocketAddress_Protocol } from "../gen/envoy/config/core/v3/address_pb.ts";
import type { Listener } from "../gen/envoy/config/listener/v3/listener_pb.ts";

/** Two listeners with one address make Envoy refuse the later one: the first, which is the older service's, keeps it. */
export function distinctAddresses(
  listeners: readonly Listener[],
  report: (diagnostic: Diagnostic) => void,
): readonly Listener[] {
  const owners = new Map<string, string>();
  return listeners.filter((listener) => {
    const address = addressOf(listener);
    const owner = owners.get(address);
    if (owner === undefined) owners.set(address, listener.name);
    else {
      const message = `listener ${listener.name} is left out: ${address} is taken by ${owner}. Use another address or port`;
      report({ code: "HED2106", level: "warning", path: "", message });
    }
    return owner === undefined;
  });
}

function addressOf({ address }: Listener): string {
  if (address?.address.case !== "socketAddress") return "";
  const { address: host, portSpecifier, protocol } = address.address.value;
  return `${host}:${portSpecifier.value ?? ""}${protocol === SocketAddress_Protocol.UDP ? "/udp" : ""}`;
}
