import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from '../components/tools/chromium.ts';
import { patience } from '../../vitest.config.ts';

/** A browser for the tests of one file, and the faults that its pages have logged. */
export class ConsoleBrowser {
  readonly browser: Browser;
  /** Scripts that failed, and requests and styles that the policy refused. */
  readonly faults: string[] = [];
  /** Where the pages have sent requests. */
  readonly origins = new Set<string>();

  static async launch(): Promise<ConsoleBrowser> {
    return new ConsoleBrowser(await launchChromium());
  }

  private constructor(browser: Browser) {
    this.browser = browser;
  }

  /** A tab with storage of its own. */
  async open(url: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    return this.openIn(await this.context(options), url);
  }

  /** Tabs with storage of their own. */
  async context(options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(patience.expect.poll.timeout);
    return context;
  }

  /** A tab that shares cookies with others. */
  async openIn(context: BrowserContext, url: string): Promise<Page> {
    const page = await context.newPage();
    page.setDefaultTimeout(patience.expect.poll.timeout);
    page.on('pageerror', (error) => this.faults.push(String(error.stack)));
    page.on('console', (message) => {
      if (/Content Security Policy/i.test(message.text())) this.faults.push(message.text());
    });
    page.on('request', (request) => {
      if (request.url().startsWith('http')) this.origins.add(new URL(request.url()).origin);
    });
    await page.goto(url);
    return page;
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}

/** Waits until a part of the page with these words is shown. */
export async function shows(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor();
}
