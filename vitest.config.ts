import { defineConfig } from "vitest/config";

/** Tests in three projects: quick ones side by side, those with real Envoys and those with network namespaces in turn. */
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
          exclude: ["test/envoy/**", "test/net/**"],
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
