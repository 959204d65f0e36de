// Webhooks and channels as operators manage them. No address here is known to anybody: nothing leaves the machine.
import { ADMIN, expect, type Page, test, VIEWER } from "./support/fixtures";
import { make } from "./support/host";
import { arrive, open, panel } from "./support/page";
import { inspect } from "./support/pictures";
import { sql } from "./support/sql";

test.beforeEach(() => test.setTimeout(240_000));

const ENDPOINT = /^\/admin\/webhooks\/we_[0-9a-f]{32}/;
const DELIVERY = /^\/admin\/webhooks\/deliveries\/wd_[0-9a-f]{32}/;

const uuidOf = (page: Page) => /_([0-9a-f]{32})/.exec(page.url())?.[1] ?? "";

/** A log of ninety days cannot be waited for: events that were recorded, as if they had been sent. */
function fillLog(endpoint: string): void {
  sql(`WITH made AS (
         INSERT INTO webhook_delivery (id, event_id, endpoint_id, state, attempts, tries, created_at, settled_at)
         SELECT gen_random_uuid(), id, '${endpoint}', CASE WHEN row_number() OVER () % 5 = 0 THEN 'failed' ELSE 'success' END,
           1 + (row_number() OVER ())::int % 8, 1, now() - interval '1 hour' * row_number() OVER (),
           now() - interval '1 hour' * row_number() OVER ()
         FROM (SELECT id FROM outbox_event ORDER BY id LIMIT 45) AS told
         RETURNING id, attempts, state, settled_at)
       INSERT INTO webhook_attempt (delivery_id, number, url, sent_at, duration_ms, status, error)
       SELECT id, attempts, 'https://hooks.nowhere.invalid/billing', settled_at, 12,
         CASE WHEN state = 'success' THEN 204 END, CASE WHEN state = 'failed' THEN 'no answer' END
       FROM made`);
}

test("an endpoint is added, tried, rotated, replayed, turned off and deleted", async ({ pageOf }) => {
  const page = await pageOf(ADMIN);
  await open(page, "/admin/webhooks");
  await expect(page.getByText("Events are sent nowhere yet")).toBeVisible();
  await inspect(page, "admin-webhooks-new");
  const form = panel(page, "New endpoint");
  const add = async (url: string, kinds: string) => {
    await form.getByLabel("Address").fill(url);
    await form.getByLabel("Events").fill(kinds);
    await form.getByLabel("What it is for").fill("Host platform");
    await form.getByRole("button", { name: "Add the endpoint" }).click();
  };
  await add("https://127.0.0.1/hooks", "invoice.*");
  await arrive(page, "/admin/webhooks?error=target_refused");
  await expect(form.getByLabel("Address")).toHaveAttribute("aria-invalid", "true");
  await expect(form.getByLabel("Events")).toHaveValue("invoice.*");
  await inspect(page, "admin-webhooks-refused");
  await add("https://hooks.nowhere.invalid/billing", "");
  await arrive(page, ENDPOINT);
  const shown = page.locator("code.select-all");
  await expect(shown).toHaveText(/^whsec_\S{44}$/);
  await expect(page.getByRole("button", { name: "Copy" })).toBeVisible();
  const address = new URL(page.url()).pathname;
  const endpoint = uuidOf(page);
  const secret = await shown.innerText();
  await open(page, address);
  await expect(shown, "it is shown once").toHaveCount(0);
  await expect(panel(page, "Deliveries")).toContainText("There are none");

  await page.getByRole("button", { name: "Send a test" }).click();
  await arrive(page, DELIVERY);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("webhook_endpoint.test");
  await expect(panel(page, "Tries")).toContainText("the name of the address is not known");
  await expect(panel(page, "What is sent")).toContainText('"type": "webhook_endpoint.test"');
  await inspect(page, "admin-webhook-delivery");
  const delivery = new URL(page.url()).pathname;
  await page.getByRole("button", { name: "Send it again" }).click();
  await arrive(page, `${delivery}?done=delivery_resent`);
  await page.getByRole("link", { name: "https://hooks.nowhere.invalid/billing" }).click();
  await arrive(page, address);
  await expect(page.getByText("Nothing was taken since")).toBeVisible();

  fillLog(endpoint);
  await open(page, address);
  await inspect(page, "admin-webhook");
  const log = panel(page, "Deliveries");
  await expect(log.locator("tbody tr")).toHaveCount(20);
  await log.getByRole("link", { name: "Failed" }).click();
  await arrive(page, `${address}?state=failed`);
  await expect(log.locator("tbody tr")).toHaveCount(9);
  await expect(log.getByText("Taken", { exact: true })).toHaveCount(1);
  await log.getByRole("link", { name: "Taken" }).click();
  await arrive(page, `${address}?state=success`);
  const first = await log.locator("tbody tr a").first().getAttribute("href");
  await log.getByRole("link", { name: "Older" }).click();
  await arrive(page, (at) => at.startsWith(`${address}?state=success&after=wd_`));
  await expect(log.locator("tbody tr")).toHaveCount(16);
  await expect(log.locator(`a[href="${first}"]`)).toHaveCount(0);
  await log.getByRole("link", { name: "Back to the newest" }).click();
  await arrive(page, `${address}?state=success`);

  await page.getByRole("button", { name: "Replay" }).click();
  await arrive(page, `${address}?done=replayed`);
  await page.getByLabel("The old one signs beside it").selectOption({ label: "for a week" });
  await page.getByRole("button", { name: "Make a new secret" }).click();
  await arrive(page, `${address}?secret=new`);
  expect(await shown.innerText()).not.toBe(secret);

  const settings = panel(page, "Settings");
  await settings.getByLabel("Events").fill("invoice.paid subscription.*");
  await settings.getByRole("button", { name: "Save" }).click();
  await arrive(page, `${address}?done=endpoint_changed`);
  await expect(settings.getByLabel("Events")).toHaveValue("invoice.paid, subscription.*");
  await page.getByRole("button", { name: "Turn off" }).click();
  await arrive(page, `${address}?done=endpoint_off`);
  await expect(page.getByRole("button", { name: "Send a test" })).toHaveCount(0);
  sql(`UPDATE webhook_endpoint SET disabled_reason = 'no_success' WHERE id = '${endpoint}'`);
  await open(page, address);
  await expect(page.getByText("It was turned off by itself")).toBeVisible();
  await inspect(page, "admin-webhook-off");
  await open(page, "/admin/webhooks");
  await inspect(page, "admin-webhooks");

  const viewer = await pageOf(VIEWER);
  await open(viewer, address);
  await expect(viewer.getByText("Your role may look")).toBeVisible();
  await expect(viewer.locator("main").getByRole("button")).toHaveCount(0);
  await inspect(viewer, "admin-webhook-viewer");

  const plain = await pageOf(ADMIN, { javaScriptEnabled: false });
  await open(plain, address);
  await plain.getByRole("button", { name: "Turn on" }).click();
  await arrive(plain, `${address}?done=endpoint_on`);
  await plain.getByText("Delete", { exact: true }).click();
  await plain.getByRole("button", { name: "Delete the endpoint" }).click();
  await arrive(plain, "/admin/webhooks?done=endpoint_deleted");
});

test("operators see everybody's alerts, and are told over channels", async ({ pageOf }) => {
  const page = await pageOf(ADMIN);
  await make("/v1/alerts", { type: "node.down", severity: "critical", title: "The cluster is down", message: "All of eu-1." });
  await open(page, "/admin/alerts");
  const alert = page.getByRole("listitem").filter({ hasText: "The cluster is down" });
  await expect(alert).toContainText("The deployment");
  await expect(panel(page, "Channels")).toContainText("Nobody is told yet");
  await inspect(page, "admin-alerts");

  const form = panel(page, "New channel");
  const add = async (name: string, kind: string, address: string) => {
    await form.getByLabel("Name").fill(name);
    await form.getByLabel("Kind").selectOption({ label: kind });
    await form.getByLabel("Address").fill(address);
    await form.getByRole("button", { name: "Add the channel" }).click();
  };
  await add("On call", "PagerDuty", "too short");
  await arrive(page, "/admin/alerts?error=invalid_channel");
  await expect(form.getByLabel("Name")).toHaveValue("On call");
  await expect(form.getByLabel("Address"), "a secret is typed again").toHaveValue("");
  await inspect(page, "admin-alerts-refused");
  await add("Operators", "Mail", "operators@cosmosbuilder.example");
  await arrive(page, "/admin/alerts?done=channel_added");
  await page.getByRole("button", { name: "Send a test: Operators" }).click();
  await arrive(page, "/admin/alerts?tested=1");
  await expect(page.getByRole("status").filter({ hasText: "A test letter to Operators is written" })).toBeVisible();
  await inspect(page, "admin-alerts-tested");
  await open(page, "/admin/mail");
  await expect(page.getByText("To operators@cosmosbuilder.example")).toBeVisible();

  const plain = await pageOf(ADMIN, { javaScriptEnabled: false });
  await open(plain, "/admin/alerts");
  await plain.getByRole("button", { name: "Acknowledge: The cluster is down" }).click();
  await arrive(plain, "/admin/alerts?done=alert_acknowledged");
  await plain.getByRole("link", { name: "Acknowledged" }).click();
  await arrive(plain, "/admin/alerts?state=acknowledged");
  await plain.getByRole("button", { name: "Resolve: The cluster is down" }).click();
  await arrive(plain, "/admin/alerts?state=acknowledged&done=alert_resolved");
  const row = panel(plain, "Channels").getByRole("row", { name: /^Operators/ });
  await row.getByText("Remove").first().click();
  await expect(row).toContainText("Operators is told of nothing any more");
  await row.getByRole("button", { name: "Remove Operators" }).click();
  await arrive(plain, "/admin/alerts?done=channel_removed");

  const viewer = await pageOf(VIEWER);
  await open(viewer, "/admin/alerts");
  await expect(viewer.locator("main").getByRole("button")).toHaveCount(0);
  await inspect(viewer, "admin-alerts-viewer");
});
