// What tests begin with: a guarded browser, and people who use it.
import { test as base, type BrowserContext, type BrowserContextOptions, type Page } from "@playwright/test";
import { Guard } from "./guard";
import { arrive, open, withoutScripts } from "./page";

export { expect, type Locator, type Page } from "@playwright/test";

/** As on the sign-in page of a sandbox. */
export const PASSWORD = "cosmos-demo-2026";
export const ADA = "ada@lumen.example";
export const LIN = "lin@vega.example";
export const NORA = "nora@orbit.example";
export const ADMIN = "admin@cosmosbuilder.example";
export const VIEWER = "viewer@cosmosbuilder.example";

export type Customer = { company: string; email: string };

type Session = Awaited<ReturnType<BrowserContext["storageState"]>>;

/** Signing in is slow by design: a session serves all tests that do not end it. */
const sessions = new Map<string, Session>();
let customers = 0;

type Fixtures = {
  guard: Guard;
  /** A browser of somebody's own, signed in by e-mail address, or nobody's. */
  pageOf: (email?: string, options?: BrowserContextOptions) => Promise<Page>;
  /** Somebody new, without a plan; the page stands at `next` or at the overview. */
  signUp: (company: string, next?: string, options?: BrowserContextOptions) => Promise<[Page, Customer]>;
};

export const test = base.extend<Fixtures>({
  guard: [
    async ({ context }, use) => {
      const guard = new Guard();
      await guard.watch(context);
      await use(guard);
      guard.verdict();
    },
    { auto: true },
  ],

  pageOf: async ({ browser, guard }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (email, options = {}) => {
      const known = email === undefined ? undefined : sessions.get(email);
      const context = await browser.newContext({ ...options, storageState: known });
      contexts.push(context);
      if (options.javaScriptEnabled === false) withoutScripts(context);
      await guard.watch(context);
      const page = await context.newPage();
      if (email !== undefined && known === undefined) {
        await open(page, "/sign-in");
        await signIn(page, email);
        sessions.set(email, await context.storageState());
      }
      return page;
    });
    for (const context of contexts) await context.close();
  },

  signUp: async ({ pageOf }, use) => {
    await use(async (company, next = "/overview", options = {}) => {
      const page = await pageOf(undefined, options);
      const customer = newCustomer(company);
      await open(page, `/sign-up?next=${encodeURIComponent(next)}`);
      await fillSignUp(page, customer);
      await arrive(page, next);
      sessions.set(customer.email, await page.context().storageState());
      return [page, customer];
    });
  },
});

export function newCustomer(company: string): Customer {
  customers += 1;
  return { company, email: `owner-${Date.now().toString(36)}-${customers}@e2e.example` };
}

/** On the sign-in page. It has a form for each demo account too, whose fields are hidden. */
export async function signIn(page: Page, email: string): Promise<void> {
  const form = page.locator("form:has(input[type=password])");
  await form.getByLabel("E-mail address").fill(email);
  await form.getByLabel("Password").fill(PASSWORD);
  await form.getByRole("button", { name: "Sign in" }).click();
  await arrive(page, (path) => !path.startsWith("/sign-in"));
}

/** On the sign-up page. */
export async function fillSignUp(page: Page, customer: Customer): Promise<void> {
  await page.getByLabel("Company").fill(customer.company);
  await page.getByLabel("Your name").fill("Eve Tester");
  await page.getByLabel("E-mail address").fill(customer.email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
}
