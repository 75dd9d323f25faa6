/** CoreDNS beside the node, behind the Service that pods ask. It knows the cluster's names and no others. */
import { Resolver } from "node:dns/promises";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../until.ts";
import type { Tool } from "./kubectl.ts";
import type { Processes } from "./processes.ts";
import type { Sandbox } from "./sandbox.ts";

export const DNS_ADDRESS = "10.96.0.10";

export interface DnsOptions {
  readonly processes: Processes;
  readonly sandbox: Sandbox;
  readonly folder: string;
  readonly bin: string;
  readonly kubeconfig: string;
  /** Where it listens, on port 53. */
  readonly address: string;
  readonly kubectl: Tool;
}

/** Resolves when it answers. */
export async function startDns(options: DnsOptions): Promise<void> {
  const { processes, sandbox, folder, bin, kubeconfig, address, kubectl } = options;
  const corefile = join(folder, "Corefile");
  writeFileSync(
    corefile,
    `cluster.local:53 in-addr.arpa:53 {
  bind ${address}
  errors
  kubernetes {
    kubeconfig ${kubeconfig}
    ttl 5
  }
}
.:53 {
  bind ${address}
  errors
  template ANY ANY . {
    rcode NXDOMAIN
  }
}
`,
  );
  await kubectl(["apply", "--filename=-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects(address) }));
  const coredns = processes.start("coredns", [...sandbox.network, join(bin, "coredns"), "-conf", corefile]);
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([address]);
  await until("DNS answers", 60_000, () => resolver.resolve4("kubernetes.default.svc.cluster.local")).catch(
    (cause: unknown) => {
      throw new Error(`DNS does not answer:\n${coredns.log()}`, { cause });
    },
  );
}

function objects(address: string): readonly object[] {
  const ports = [
    { name: "dns", port: 53, protocol: "UDP" },
    { name: "dns-tcp", port: 53, protocol: "TCP" },
  ];
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "kube-dns", namespace: "kube-system" },
      spec: { clusterIP: DNS_ADDRESS, ports },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: "kube-dns-1",
        namespace: "kube-system",
        labels: { "kubernetes.io/service-name": "kube-dns" },
      },
      addressType: "IPv4",
      ports,
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
    },
  ];
}
