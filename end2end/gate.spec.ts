// The host platform gates its API with the SDK: its developers, its users and whoever pays see the same limit.
import { expect, newCustomer, test } from "./support/fixtures";
import { HostServer, make } from "./support/host";
import { arrive, open, panel } from "./support/page";
import { inspect } from "./support/pictures";

test("the call past the limit is refused while the portal shows it full and warns", async ({ page }) => {
  const { company, email } = newCustomer("Gate Labs");
  const customer = await make("/v1/customers", { name: company, email });
  await make("/v1/subscriptions", { customer: customer.id, plan: "starter", interval: "month", trial_days: 14 });
  const host = await HostServer.start();
  try {
    const deployed = await host.call("POST", "/chains", customer.id);
    expect([deployed.status, deployed.body]).toEqual([200, "deployed\n"]);
    const refused = await host.call("POST", "/chains", customer.id);
    expect([refused.status, refused.type]).toEqual([429, "application/problem+json"]);
    // The first call's unit is held at once, and counted as used beside its answer.
    await expect(async () => {
      const again = await host.call("POST", "/chains", customer.id);
      expect(again.status).toBe(429);
      expect(JSON.parse(again.body)).toMatchObject({
        code: "limit_reached",
        reason: "limit_reached",
        used: "1",
        limit: "1",
        remaining: "0",
        usage_percentage: "100",
      });
    }).toPass({ timeout: 10_000 });
  } finally {
    host.stop();
  }

  const link = await make("/v1/portal_sessions", { customer: customer.id, return_url: "https://host.example/" });
  await page.goto(link.url);
  await arrive(page, "/overview");
  const chains = panel(page, "Usage").getByRole("progressbar", { name: /Chains/ });
  await expect(chains).toHaveJSProperty("value", 100);
  // The server that took the usage looks at it within a second, beside the answer.
  await expect(async () => {
    await open(page, "/overview");
    await expect(panel(page, "Open alerts")).toContainText("Chains: the limit is reached", { timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
  await inspect(page, "overview-at-the-limit");
  await open(page, "/alerts");
  await expect(panel(page, "Open").getByRole("listitem").filter({ hasText: "Chains: the limit is reached" })).toContainText("Critical");
  await inspect(page, "alert-at-the-limit");
});
