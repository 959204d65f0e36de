import { defineConfig, devices } from "@playwright/test";

// `cargo xtask e2e` starts the server, says where it listens and where results belong.
const results = process.env.RESULTS ?? "../target/e2e";

export default defineConfig({
  testDir: ".",
  testMatch: "**/*.spec.ts",
  globalSetup: "./support/ready.ts",
  outputDir: `${results}/results`,
  reporter: [["list"], ["json", { outputFile: `${results}/report.json` }]],
  // One server and one database for the tests of a run.
  workers: 1,
  fullyParallel: false,
  forbidOnly: !!process.env.CI,
  timeout: 30_000,
  expect: { timeout: 5_000 },
  use: {
    ...devices["Desktop Chrome"],
    viewport: { width: 1280, height: 800 },
    baseURL: process.env.BASE_URL ?? "http://127.0.0.1:3000",
    locale: "en-US",
    timezoneId: "UTC",
    screenshot: "only-on-failure",
    // What pages looked like on the way costs more than all tests together.
    trace: { mode: "retain-on-failure", screenshots: false },
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
