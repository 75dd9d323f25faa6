import type { ObjectRef } from "../base/diagnostic.ts";

/**
 * The service that a name of Envoy's configuration is about: of a cluster (`outbound|80||checkout.shop`), of a virtual host
 * (`checkout.shop:80`), or of a cluster that was asked for by its host (`checkout.shop.svc.cluster.local`). The name may stand
 * in a sentence, if it has a bar. Undefined where it names none.
 */
export function serviceNamedIn(name: string): ObjectRef | undefined {
  const [, external, home] = /(?:^|\|)([-a-z0-9.]+)\.([-a-z0-9]+)\.external(?![-a-z0-9]|\.[-a-z0-9])/.exec(name) ?? [];
  if (external && home) return { kind: "ExternalService", namespace: home, name: external };
  const [, service, namespace] =
    /(?:^|\|)([-a-z0-9]+)\.([-a-z0-9]+)(?=\.svc\b|(?![-a-z0-9]|\.[-a-z0-9]))/.exec(name) ?? [];
  return service && namespace ? { kind: "Service", namespace, name: service } : undefined;
}
