import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';
import { makeStackFolder, startRunningStack, type RunningStack } from '../support/running-stack.js';

/**
 * The pages in a real browser. Without Chromium they are skipped and say so; INFERNODE_REQUIRE_BROWSER=1 (CI) makes
 * that a failure.
 */
const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const present = existsSync(CHROMIUM);
/** The machine may be busy with other tests. */
const PATIENT_MS = 300_000;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];

test('Chromium is there where it is required', () => {
  if (process.env.INFERNODE_REQUIRE_BROWSER === '1') expect(present ? 'present' : CHROMIUM).toBe('present');
});

(present ? describe : describe.skip)('pages in a browser', () => {
  let folder: string;
  let stack: RunningStack;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    folder = await makeStackFolder('infernode-pages-');
    stack = await startRunningStack(path.join(folder, 'data'));
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, timeout: PATIENT_MS });
    page = await browser.newPage();
    page.setDefaultTimeout(PATIENT_MS);
  });

  afterAll(async () => {
    await browser.close();
    stack.process.kill('SIGTERM');
    await stack.exited;
    await rm(folder, { recursive: true, force: true });
  });

  async function signIn(email: string, password: string): Promise<void> {
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  test('the documentation shows the routes of the OpenAPI document', async () => {
    await page.goto(`${stack.url}/api/docs`);
    await page.getByText('Register a new user').click();
    await page.getByText('Try it out').first().waitFor();
  });

  test('the queue board opens for the admin alone', async () => {
    await page.goto(`${stack.url}/api/admin/queues`);
    await signIn('admin@example.com', 'a wrong password');
    await page.getByText('E-mail or password is wrong').waitFor();
    await signIn('admin@example.com', 'admin password');
    await page.getByText('inference', { exact: true }).first().waitFor();
    expect(new URL(page.url()).pathname).toBe('/api/admin/queues');
  });

  test('the board asks no other site for anything', async () => {
    const foreign = new Set<string>();
    page.on('request', (request) => {
      if (!request.url().startsWith(stack.url)) foreign.add(request.url());
    });
    page.on('requestfailed', (request) => {
      if (request.failure()?.errorText === 'csp') foreign.delete(request.url());
    });
    await page.goto(`${stack.url}/api/admin/queues`);
    await page.getByText('inference', { exact: true }).first().waitFor();
    await page.goto(`${stack.url}/api/docs`);
    await page.getByText('Register a new user').waitFor();
    expect([...foreign].filter((url) => !url.startsWith('data:'))).toEqual([]);
  });
});
