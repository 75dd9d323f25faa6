import type { ObjectRef } from "../base/diagnostic.ts";

/**
 * The service that a name of Envoy's configuration is about: of a cluster (`outbound|80||checkout.shop.svc.cluster.local`) or of
 * a virtual host (`checkout.shop.svc.cluster.local:80`). Undefined where it names none.
 */
export function serviceNamedIn(name: string): ObjectRef | undefined {
  const [, service, namespace] = /(?:^|\|)([-a-z0-9]+)\.([-a-z0-9]+)\.svc\./.exec(name) ?? [];
  if (service !== undefined && namespace !== undefined) return { kind: "Service", namespace, name: service };
  const [, external, home] = /(?:^|\|)([-a-z0-9.]+)\.([-a-z0-9]+)\.external\./.exec(name) ?? [];
  return external && home ? { kind: "ExternalService", namespace: home, name: external } : undefined;
}
