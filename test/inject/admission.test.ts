import { describe, expect, test } from "vitest";
import { admit } from "../../src/inject/admission.ts";
import { injectorSettings } from "../../src/inject/settings.ts";
import { templateHash } from "../../src/inject/template-hash.ts";

const settings = injectorSettings.parse({});
const POD = { metadata: { generateName: "web-" }, spec: { containers: [{ name: "app" }] } };

function review(object: unknown, request: object = {}): unknown {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: { uid: "u1", namespace: "shop", object, ...request },
  };
}

const enabled = (): Record<string, string> => ({ "heddle.dev/inject": "enabled" });
const unlabelled = (): Record<string, string> => ({});

interface Response {
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly patch?: string;
    readonly patchType?: string;
    readonly warnings?: readonly string[];
    readonly status?: { readonly message: string };
  };
}

describe("admission", () => {
  test("a pod of a namespace that asks for it gets a patch", () => {
    const admitted = admit(review(POD), settings, enabled);
    const { response } = admitted.review as Response;
    expect(admitted).toMatchObject({ outcome: "injected", namespace: "shop", dryRun: false });
    expect(response).toMatchObject({ uid: "u1", allowed: true, patchType: "JSONPatch" });
    const patch = JSON.parse(Buffer.from(response.patch ?? "", "base64").toString()) as {
      path: string;
      value: unknown;
    }[];
    expect(patch.map(({ path }) => path)).toEqual([
      "/metadata/annotations",
      "/metadata/labels",
      "/spec/containers/0/lifecycle",
      "/spec/initContainers",
      "/spec/volumes",
    ]);
    expect(patch[0]?.value).toEqual({ "heddle.dev/injected": templateHash(settings) });
  });

  test.each([
    ["not-asked", POD, unlabelled],
    ["opted-out", { ...POD, metadata: { labels: { "heddle.dev/inject": "disabled" } } }, enabled],
    ["host-network", { ...POD, spec: { ...POD.spec, hostNetwork: true } }, enabled],
  ] as const)("%s: the pod is let through as it is", (outcome, pod, labels) => {
    const admitted = admit(review(pod), settings, labels);
    expect(admitted.outcome).toBe(outcome);
    const { response } = admitted.review as Response;
    expect(response).toMatchObject({ uid: "u1", allowed: true });
    expect(response.patch).toBeUndefined();
    expect(response.warnings?.length ?? 0).toBe(outcome === "host-network" ? 1 : 0);
  });

  test("the pod's label wins over its namespace's", () => {
    const pod = { ...POD, metadata: { labels: { "heddle.dev/inject": "enabled" } } };
    expect(admit(review(pod), settings, unlabelled).outcome).toBe("injected");
  });

  test("an annotation that means nothing is refused, with what would be right", () => {
    const pod = { ...POD, metadata: { annotations: { "heddle.dev/concurrency": "many" } } };
    const admitted = admit(review(pod), settings, enabled);
    const { response } = admitted.review as Response;
    expect(admitted.outcome).toBe("refused");
    expect(response.allowed).toBe(false);
    expect(response.status?.message).toContain('"many" is not understood: it must be a number from 1 to 64');
  });

  test.each([
    [{}],
    [{ apiVersion: "admission.k8s.io/v1beta1", kind: "AdmissionReview", request: { uid: "u", object: POD } }],
    [review({ spec: {} })],
    [review(undefined)],
  ])("%j is no review of a pod", (value) => {
    expect(() => admit(value, settings, enabled)).toThrow(
      expect.objectContaining({ code: "ADMISSION_REVIEW" }) as Error,
    );
  });

  test("a dry run is known as one", () => {
    expect(admit(review(POD, { dryRun: true }), settings, enabled).dryRun).toBe(true);
  });
});

test("the template's hash tells settings apart, and not the pods' own", () => {
  const other = injectorSettings.parse({ proxy: { image: "envoyproxy/envoy:v1.41.0" } });
  expect(templateHash(settings)).toMatch(/^[0-9a-f]{16}$/);
  expect(templateHash(other)).not.toBe(templateHash(settings));
  expect(templateHash(injectorSettings.parse({}))).toBe(templateHash(settings));
});

test("settings that Kubernetes would refuse in every pod are refused", () => {
  const parsed = injectorSettings.safeParse({
    proxy: { resources: { requests: { memory: "1Gi" }, limits: { memory: "512Mi" } } },
  });
  expect(parsed.error?.issues).toMatchObject([
    { path: ["proxy", "resources", "requests", "memory"], message: "must not be more than limits.memory" },
  ]);
});
