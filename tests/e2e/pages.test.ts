import { existsSync } from 'node:fs';
import { cp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { chromium, type Browser, type Page, type Request } from 'playwright-core';
import { colourManifest, colourNetwork } from '../factories/onnx/colour-network.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startOpenIdProvider, type TestOpenIdProvider } from '../support/openid-provider.js';
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

describe('pages', () => {
  it('Chromium is there where it is required', () => {
    if (process.env.INFERNODE_REQUIRE_BROWSER === '1') expect(present ? 'present' : CHROMIUM).toBe('present');
  });
});

(present ? describe : describe.skip)('pages in a browser', () => {
  let folder: string;
  let stack: RunningStack;
  let database: TestDatabase;
  let provider: TestOpenIdProvider;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    folder = await makeStackFolder('infernode-pages-');
    // A copy: one test installs a network.
    const models = path.join(folder, 'models');
    await cp('models', models, { recursive: true });
    database = await createTestDatabase();
    provider = await startOpenIdProvider();
    const settings = { DATABASE_URL: database.url, MODELS_DIR: models, ...provider.settings };
    stack = await startRunningStack(path.join(folder, 'data'), settings);
    await provider.serve(stack.url);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, timeout: PATIENT_MS });
    page = await browser.newPage();
    page.setDefaultTimeout(PATIENT_MS);
  });

  afterAll(async () => {
    await browser.close();
    stack.process.kill('SIGTERM');
    await stack.exited;
    await provider.close();
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function signIn(email: string, password: string): Promise<void> {
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  /** Collects the sites other than the stack's that the page asks for something, until the function returned is called. */
  function watchForeignSites(): () => string[] {
    const foreign = new Set<string>();
    const note = (request: Request) => {
      const url = request.url();
      if (!url.startsWith(stack.url) && !url.startsWith('data:')) foreign.add(url);
    };
    page.on('request', note);
    return () => {
      page.off('request', note);
      return [...foreign];
    };
  }

  it('the queue board opens for the admin alone and asks no other site for anything', async () => {
    const foreignSites = watchForeignSites();
    await page.goto(`${stack.url}/api/admin/queues`);
    await signIn('admin@example.com', 'a wrong password');
    await page.getByText('E-mail or password is wrong').waitFor();
    await signIn('admin@example.com', 'admin password');
    await page.getByText('inference', { exact: true }).first().waitFor();
    expect(new URL(page.url()).pathname).toBe('/api/admin/queues');
    expect(foreignSites()).toEqual([]);
  });

  describe('sign-in by OpenID Connect', () => {
    let visitor: Page;
    beforeEach(async () => {
      // Without the cookies of other tests.
      visitor = await (await browser.newContext()).newPage();
      visitor.setDefaultTimeout(PATIENT_MS);
    });
    afterEach(() => visitor.context().close());

    /** Signs in on the pages of the provider. */
    async function signInAtProvider(login: string): Promise<void> {
      await visitor.getByRole('link', { name: 'Sign in with OpenID Connect' }).click();
      await visitor.getByPlaceholder('Enter any login').fill(login);
      await visitor.getByPlaceholder('and password').fill('any');
      await visitor.getByRole('button', { name: 'Sign-in' }).click();
      await visitor.getByRole('button', { name: 'Continue' }).click();
    }
    const profile = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`${stack.url}/api/users/profile`, { headers })).status;
    };

    it('gives a new person tokens that nothing of the address shows, and signs out everywhere', async () => {
      provider.people.set('ada', { email: 'ada@example.com', email_verified: true });
      const addresses: string[] = [];
      visitor.on('request', (request) => void addresses.push(request.url()));
      await visitor.goto(`${stack.url}/sign-in`);
      await signInAtProvider('ada');
      await visitor.getByText('Signed in as ada@example.com').waitFor();
      expect(visitor.url()).toBe(`${stack.url}/sign-in`);
      // There is nowhere to go on to.
      expect(await visitor.getByText('Continue').isVisible()).toBe(false);
      const token = await visitor.getByLabel('Access token').inputValue();
      expect(addresses.join('\n')).not.toMatch(/eyJ|infr_|infc_/);
      expect(await profile(token)).toBe(200);
      await visitor.getByRole('button', { name: 'Sign out' }).click();
      await visitor.getByRole('button', { name: 'Yes, sign me out' }).click();
      await visitor.getByRole('link', { name: 'Sign in with OpenID Connect' }).waitFor();
      expect(visitor.url()).toBe(`${stack.url}/sign-in`);
      expect(await profile(token)).toBe(401);
    });

    it('links an existing account with its password, and opens the queue board to its admin', async () => {
      provider.people.set('root', { email: 'admin@example.com', email_verified: true });
      await visitor.goto(`${stack.url}/api/admin/queues`);
      await signInAtProvider('root');
      await visitor.getByLabel('Password of the account').fill('a wrong password');
      await visitor.getByRole('button', { name: 'Link the account' }).click();
      await visitor.getByText('E-mail or password is wrong').waitFor();
      await visitor.getByLabel('Password of the account').fill('admin password');
      await visitor.getByRole('button', { name: 'Link the account' }).click();
      await visitor.getByText('Signed in as admin@example.com').waitFor();
      await visitor.getByRole('link', { name: 'Continue' }).click();
      await visitor.getByText('inference', { exact: true }).first().waitFor();
      expect(new URL(visitor.url()).pathname).toBe('/api/admin/queues');
    });

    it('shows why a person is refused', async () => {
      provider.people.set('eve', { email: 'eve@example.com', email_verified: false });
      await visitor.goto(`${stack.url}/sign-in`);
      await signInAtProvider('eve');
      await visitor.getByText('no e-mail address that it has verified').waitFor();
    });
  });

  describe('the documentation', () => {
    let foreignSites: () => string[];
    // Once for all: a browser takes seconds to draw it.
    beforeAll(async () => {
      foreignSites = watchForeignSites();
      await page.goto(`${stack.url}/api/docs`);
    });

    it('shows the routes of the OpenAPI document and asks no other site for anything', async () => {
      const register = page.getByText('Register a new user').first();
      await register.click();
      await page.getByText('Try it out').first().waitFor();
      await register.click();
      expect(foreignSites()).toEqual([]);
    });

    describe('has forms that send what a person filled in:', () => {
      const POSTED = { 'content-type': 'application/json' };
      let token: string;
      let datasetId: string;

      const post = async (route: string, body: object): Promise<Record<string, unknown>> => {
        const headers = token ? { ...POSTED, authorization: `Bearer ${token}` } : POSTED;
        const answer = await fetch(`${stack.url}${route}`, {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
        });
        return (await answer.json()) as Record<string, unknown>;
      };

      beforeAll(async () => {
        const credentials = { email: 'admin@example.com', password: 'admin password' };
        token = String((await post('/api/auth/login', credentials)).token);
        const { dataset } = (await post('/api/dataset', { name: 'Images' })) as { dataset: { id: string } };
        datasetId = dataset.id;
        await post('/api/datasets', { name: 'Inpainting dataset' });
        await writeFile(path.join(folder, 'colours.onnx'), colourNetwork());
        await writeFile(path.join(folder, 'colours.json'), JSON.stringify(colourManifest()));
        await page.getByRole('button', { name: 'Authorize' }).first().click();
        await page.locator('.modal-ux input[type=text]').first().fill(token);
        await page.locator('.modal-ux button[type=submit]').first().click();
        await page.locator('.modal-ux .btn-done').first().click();
      });

      it.each<[operationId: string, status: number, files: () => Record<string, string>]>([
        ['uploadVideo', 201, () => ({ content: path.resolve('samples', 'approach.mp4') })],
        ['uploadImage', 201, () => ({ content: path.resolve('samples', 'umbrella.png') })],
        ['uploadPairs', 201, () => ({ image: path.resolve('postman', 'files', 'groups.zip') })],
        ['classify', 200, () => ({ image: path.resolve('samples', 'umbrella.png') })],
        ['classifyBatch', 200, () => ({ image: path.resolve('samples', 'umbrella.png') })],
        [
          'uploadModel',
          201,
          () => ({ model: path.join(folder, 'colours.onnx'), manifest: path.join(folder, 'colours.json') }),
        ],
      ])('%s', async (operationId, status, files) => {
        const operation = page.locator(`[id$="-${operationId}"].opblock`);
        await operation.locator('.opblock-summary').click();
        await operation.getByRole('button', { name: 'Try it out' }).click();
        const id = operation.locator('tr[data-param-name="id"] input');
        if ((await id.count()) > 0) await id.fill(datasetId);
        await operation
          .locator('select.content-type, .body-param-content-type select')
          .first()
          .selectOption('multipart/form-data');
        for (const [name, file] of Object.entries(files())) {
          const row = operation.locator(`tr[data-property-name="${name}"]`);
          if ((await row.locator('input[type=file]').count()) === 0)
            await row.getByRole('button').first().click();
          await row.locator('input[type=file]').first().setInputFiles(file);
        }
        const [response] = await Promise.all([
          page.waitForResponse((answer) => answer.request().method() === 'POST'),
          operation.locator('button.execute').click(),
        ]);
        expect([response.status(), await response.text()]).toEqual([status, expect.any(String)]);
        await operation.locator('.opblock-summary').click();
      });
    });
  });
});
