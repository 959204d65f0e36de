// What no test asserts and every test relies on: nothing on any page fails in silence.
import { expect, type BrowserContext, type ConsoleMessage, type Request, type Response } from "@playwright/test";

/** Said by the browser for every answer of 400 and more; the answers themselves are watched. */
const ABOUT_ANSWERS = /^Failed to load resource: the server responded with a status of \d+/;
/** A page that is left stops what it was loading; a browser without scripts gives them up under this name. */
const GIVEN_UP = ["net::ERR_ABORTED", "csp"];

type Refusal = { status: number; path: string };

export class Guard {
  private readonly faults: string[] = [];
  private readonly refused: Refusal[] = [];
  private readonly foreseen: { status: number; path: RegExp }[] = [];

  async watch(context: BrowserContext): Promise<void> {
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (violation) => {
        const { violatedDirective, blockedURI, sourceFile, lineNumber } = violation;
        console.error(`content security policy: ${violatedDirective} ${blockedURI} ${sourceFile}:${lineNumber}`);
      });
    });
    context.on("weberror", (error) => this.faults.push(`uncaught: ${error.error().stack ?? error.error().message}`));
    context.on("console", (message) => this.hear(message));
    context.on("requestfailed", (request) => this.lose(request));
    context.on("response", (response) => this.answer(response));
  }

  /** This test asks for something that is refused. */
  foresee(status: number, path: RegExp): void {
    this.foreseen.push({ status, path });
  }

  verdict(): void {
    const surprises = this.refused.filter(
      ({ status, path }) => !this.foreseen.some((known) => known.status === status && known.path.test(path)),
    );
    const answers = surprises.map(({ status, path }) => `${path} answered ${status}`);
    expect([...this.faults, ...answers], "nothing fails in silence").toEqual([]);
  }

  private hear(message: ConsoleMessage): void {
    if (message.type() !== "error" || ABOUT_ANSWERS.test(message.text())) return;
    this.faults.push(`console: ${message.text()} (${message.location().url})`);
  }

  private lose(request: Request): void {
    const reason = request.failure()?.errorText ?? "unknown";
    if (!GIVEN_UP.includes(reason)) this.faults.push(`lost: ${request.method()} ${request.url()}: ${reason}`);
  }

  private answer(response: Response): void {
    if (response.status() < 400) return;
    const { pathname, search } = new URL(response.url());
    this.refused.push({ status: response.status(), path: pathname + search });
  }
}
