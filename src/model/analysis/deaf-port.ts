import type { Diagnostic } from "../../base/diagnostic.ts";
import { sentByHttp2 } from "../protocol.ts";
import { finding, type Subject } from "./subject.ts";

/** Ports that gRPC checks cannot be sent to: they go without. */
export function deafPorts({ policy, targets }: Subject): readonly Diagnostic[] {
  const { healthCheck, connection } = policy.spec;
  if (!healthCheck?.grpc) return [];
  return targets.flatMap(({ key, ports }) =>
    ports
      .filter(({ protocol }) => protocol !== "UDP" && !sentByHttp2(protocol, connection?.http2))
      .map(({ port, protocol }) => {
        const message = `port ${port} of Service ${key} is ${protocol} and gets no gRPC checks, which need HTTP/2`;
        return finding(policy, "HED1312", "spec.healthCheck.grpc", message);
      }),
  );
}
