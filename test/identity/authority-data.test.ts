import { inspect } from "node:util";
import { expect, test } from "vitest";
import { type Authority, CA_LIFETIME, newAuthority, rotate } from "../../src/identity/authority.ts";
import { type AuthorityData, parseAuthority, serializeAuthority } from "../../src/identity/authority-data.ts";
import { issueServerCertificate } from "../../src/identity/certificate.ts";
import { CERTIFICATE } from "../support/test-certificate.ts";

const NOW = Date.parse("2030-01-31T12:00:00Z");

async function fullAuthority(): Promise<Authority> {
  const announced = await rotate(await newAuthority(NOW), NOW + 0.7 * CA_LIFETIME);
  return { ...announced, previous: [CERTIFICATE, announced.current.certificate] };
}

test("what is written is read back as it was", async () => {
  for (const authority of [await newAuthority(NOW), await fullAuthority()]) {
    expect(parseAuthority(serializeAuthority(authority))).toEqual(authority);
  }
});

test("a Secret that is broken says what is wrong, and nothing of the keys", async () => {
  const authority = await fullAuthority();
  const whole = serializeAuthority(authority);
  const leaf = await issueServerCertificate(authority.current, { dnsNames: ["a.svc"], now: NOW, lifetime: 1000 });
  const cases: [AuthorityData, string][] = [
    [{}, "ca.crt and ca.key are missing"],
    [{ ...whole, "ca.key": "" }, "ca.key is missing"],
    [{ ...whole, "ca.crt": undefined }, "ca.crt is missing"],
    [{ ...whole, "ca.crt": "nothing" }, "ca.crt holds no certificate in PEM"],
    [
      { ...whole, "ca.key": whole["ca.key"]!.replace(/\n[A-Za-z0-9]{9}/, "\nAAAAAAAAA") },
      "ca.key holds no private key",
    ],
    [{ ...whole, "ca.key": whole["next.key"] }, "ca.key does not belong to ca.crt"],
    [{ ...whole, "ca.crt": leaf.certificate, "ca.key": leaf.key }, "ca.crt is not that of a CA"],
    [{ ...whole, "next.key": undefined }, "next.key is missing"],
    [{ ...whole, "next.since": "yesterday" }, "next.since is no time"],
    [{ ...whole, "previous.crt": "what is this" }, "previous.crt holds something other than certificates"],
    [{ ...whole, "previous.crt": whole["ca.crt"]!.replace(/\nMII/, "\nAAA") }, "previous.crt holds no certificate"],
  ];
  for (const [data, expected] of cases) {
    let error: unknown;
    try {
      parseAuthority(data);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: "CERTIFICATE", message: expect.stringContaining(expected) });
    const said = inspect(error);
    for (const key of [whole["ca.key"]!, whole["next.key"]!, leaf.key]) {
      for (const line of key.split("\n").slice(1, -2)) expect(said).not.toContain(line);
    }
  }
});
