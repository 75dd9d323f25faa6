import { defineConfig } from "vitest/config";

/** Tests in projects: quick ones side by side; those with real Envoys, API servers, clusters and network namespaces in turn. */
export default defineConfig({
  resolve: { conditions: ["source"] },
  test: {
    reporters: ["default"],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/envoy/**", "test/net/**", "test/kube/**", "test/charts/**", "test/cluster/**"],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "envoy",
          include: ["test/envoy/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: "kube",
          include: ["test/kube/**/*.test.ts", "test/charts/**/*.test.ts"],
          testTimeout: 120_000,
          // The first time, Kubernetes is built.
          hookTimeout: 2_700_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: "cluster",
          include: ["test/cluster/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 3_600_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: "net",
          include: ["test/net/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
