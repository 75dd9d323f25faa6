import { expect, test } from "vitest";
import { formatRef } from "../../src/base/diagnostic.ts";
import { serviceNamedIn } from "../../src/control-plane/subject.ts";

test.each([
  ["outbound|80||checkout.shop", "Service shop/checkout"],
  ["outbound|80|canary|checkout.shop", "Service shop/checkout"],
  ["outbound|7777/udp||game.play", "Service play/game"],
  ["outbound|443||payments.shop.external", "ExternalService shop/payments"],
  ["outbound|443||api.payments.shop.external", "ExternalService shop/api.payments"],
  ["outbound|80||web.external", "Service external/web"],
  ["checkout.shop:80", "Service shop/checkout"],
  ["payments.shop.external:443", "ExternalService shop/payments"],
  ["checkout.shop.svc.cluster.local", "Service shop/checkout"],
  ["checkout.shop.svc", "Service shop/checkout"],
  ["Error adding/updating cluster(s) outbound|80|stable|checkout.shop: it is picky", "Service shop/checkout"],
  ["unknown cluster 'outbound|80||checkout.shop'", "Service shop/checkout"],
  ["no outbound|80||checkout.shop.", "Service shop/checkout"],
  ["no outbound|80||payments.shop.external.", "ExternalService shop/payments"],
  ["outbound|80||checkout", undefined],
  ["PassthroughCluster", undefined],
  ["80", undefined],
  ["allow_any", undefined],
  ["www.example.com", undefined],
  ["it says checkout.shop:80", undefined],
])("%s names %s", (name, expected) => {
  const ref = serviceNamedIn(name);
  expect(ref && formatRef(ref)).toBe(expected);
});
