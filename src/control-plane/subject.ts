import type { ObjectRef } from "../base/diagnostic.ts";

/**
 * The service that a name of Envoy's configuration is about: of a cluster (`outbound|80||checkout.shop.svc.cluster.local`) or of
 * a virtual host (`checkout.shop.svc.cluster.local:80`). Undefined where it names none.
 */
export function serviceNamedIn(name: string): ObjectRef | undefined {
  const [, service, namespace] = /(?:^|\|)([-a-z0-9]+)\.([-a-z0-9]+)\.svc\./.exec(name) ?? [];
  return service === undefined || namespace === undefined ? undefined : { kind: "Service", namespace, name: service };
}
