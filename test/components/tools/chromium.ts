import { spawnSync } from 'node:child_process';
import { chromium as playwright, type Browser } from 'playwright-core';
import type { Component } from '../components.ts';

/** A browser as people have it. */
export const chromium: Component = {
  id: 'chromium',
  name: 'Chromium',
  remedy: 'install Chromium, e.g. apt-get install chromium',
  available: () => spawnSync('chromium', ['--version']).status === 0,
};

/** Starts the browser without a window. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = spawnSync('which', ['chromium'], { encoding: 'utf8' }).stdout.trim();
  return playwright.launch({
    executablePath,
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
