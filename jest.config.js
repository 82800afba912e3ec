/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  // Jest leaves a core to itself otherwise, which is half of a small machine.
  maxWorkers: "100%",
  roots: ["<rootDir>/test"],
  // Machines are shared, and a slow one is no fault.
  testTimeout: 60_000,
  testMatch: ["**/*.test.ts"],
  transform: {
    "^.+\\.[cm]?[jt]s$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" } },
    ],
  },
  // cidr-tools and what it stands on are published as ES modules only, which jest cannot require.
  transformIgnorePatterns: ["/node_modules/(?!(cidr-tools|ip-bigint)/)"],
  reporters: ["default", "<rootDir>/test/support/closing-line.js"],
};
