import { ApiClient } from '../../support/api-client.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { CookieBrowser, type Visited } from '../../support/cookie-browser.js';
import { startOpenIdProvider, type TestOpenIdProvider } from '../../support/openid-provider.js';

const PASSWORD = 'correct horse';

describe('sign-in by OpenID Connect', () => {
  let provider: TestOpenIdProvider;
  let api: TestApi;
  const callback = () => `${api.url}/api/auth/oidc/callback`;

  beforeAll(async () => {
    provider = await startOpenIdProvider();
    const settings = {
      ...provider.settings,
      OIDC_ALLOWED_DOMAINS: 'example.com, münchen.example',
      OIDC_ROLE_CLAIM: 'roles',
      LOGIN_ATTEMPTS_PER_15_MINUTES: '1000',
    };
    api = await startTestApi({ settings });
    await provider.serve(api.url);
  });
  afterAll(async () => {
    await api.close();
    await provider.close();
  });

  const person = (login: string, more: Record<string, unknown> = {}) =>
    provider.people.set(login, { email: `${login}@example.com`, email_verified: true, ...more });

  /** Signs in at the provider. @returns the URL of the callback, which was not visited yet */
  async function atProvider(browser: CookieBrowser, login: string, returnTo?: string): Promise<string> {
    const query = returnTo === undefined ? '' : `?returnTo=${encodeURIComponent(returnTo)}`;
    let page = await browser.follow(`${api.url}/api/auth/oidc/start${query}`, callback());
    while (page.location === null) {
      const [, action] = /<form[^>]* action="([^"]+)"/.exec(page.text) ?? [];
      const [, prompt] = /name="prompt" value="(\w+)"/.exec(page.text) ?? [];
      if (action === undefined) throw new Error(`${String(page.status)} ${page.url}: ${page.text}`);
      const next = await browser.postForm(action, { prompt, login, password: 'any' });
      page = await browser.follow(String(next.location), callback());
    }
    return page.location;
  }

  /** Signs in up to the page that the browser returns to. */
  async function signIn(browser: CookieBrowser, login: string, returnTo?: string): Promise<Visited> {
    return browser.visit(await atProvider(browser, login, returnTo));
  }

  const codeOf = ({ location }: Visited, name = 'sign-in-code'): string =>
    String(new URLSearchParams(new URL(String(location)).hash.slice(1)).get(name));

  const exchange = async (browser: CookieBrowser, code: string) => {
    const { status, text } = await browser.postJson(`${api.url}/api/auth/oidc/token`, { code });
    const body = JSON.parse(text) as { token?: string; refreshToken?: string; code?: string };
    return { status, ...body };
  };
  const link = async (browser: CookieBrowser, code: string, password: string) => {
    const { status, text } = await browser.postJson(`${api.url}/api/auth/oidc/link`, { code, password });
    const body = JSON.parse(text) as { token?: string; code?: string };
    return { status, ...body };
  };
  const tokensOf = async (login: string, browser = new CookieBrowser()) =>
    exchange(browser, codeOf(await signIn(browser, login)));
  const profileOf = (token?: string) => new ApiClient(api.url, String(token)).get('/api/users/profile');
  const userOf = async (login: string) => {
    const user = await api.persistence.unitOfWork.read.users.findByEmail(`${login}@example.com`);
    if (user === null) throw new Error(`${login} has no account`);
    return user;
  };

  it('creates an account with the usual credits, and signs in to it again', async () => {
    person('ada', { given_name: 'Ada', family_name: 'Lovelace' });
    const first = await tokensOf('ada');
    const profile = await profileOf(first.token);
    expect(profile.at('data')).toMatchObject({ email: 'ada@example.com', name: 'Ada', surname: 'Lovelace' });
    const credits = await new ApiClient(api.url, String(first.token)).get('/api/user/credits');
    expect(credits.at('credits')).toBe(100);
    const refreshed = await api.anonymous.post('/api/auth/refresh', { refreshToken: first.refreshToken });
    expect(refreshed.status).toBe(200);
    // The identity counts, not the address.
    person('ada', { email: 'countess@example.com' });
    const again = await tokensOf('ada');
    expect((await profileOf(again.token)).at('data.id')).toBe(profile.at('data.id'));
    const sessions = await new ApiClient(api.url, again.token).get('/api/auth/sessions');
    expect(sessions.at('data')).toHaveLength(2);
  });

  it('returns to the page that was asked for, with a code in its fragment and no token anywhere', async () => {
    person('returner');
    const browser = new CookieBrowser();
    const { status, location, headers, text } = await signIn(browser, 'returner', '/console?tab=jobs');
    expect(status).toBe(303);
    expect(location).toMatch(/\/console\?tab=jobs#sign-in-code=infc_/);
    expect(`${String(location)}${text}`).not.toMatch(/eyJ|infr_/);
    expect(headers.getSetCookie().join('\n')).toMatch(/infernode_sign_in=.*HttpOnly; SameSite=Strict/);
  });

  it.each([
    'https://attacker.example/',
    '//attacker.example/',
    String.raw`/\attacker.example/`,
    '/%2e%2e//attacker.example',
    '/.//attacker.example',
    'javascript:alert(1)',
    '/\t/attacker.example',
    '/page#fragment',
    '/api/auth/oidc/start',
    `/${'a'.repeat(500)}`,
  ])('does not return to %s', async (returnTo) => {
    const answer = await api.anonymous.get(`/api/auth/oidc/start?returnTo=${encodeURIComponent(returnTo)}`);
    expect([answer.status, answer.at('errors.0.pointer')]).toEqual([400, '/query/returnTo']);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  describe('a code', () => {
    it('works once', async () => {
      person('once');
      const browser = new CookieBrowser();
      const code = codeOf(await signIn(browser, 'once'));
      const binding = String(browser.cookiesOf(api.url).get('infernode_sign_in'));
      expect((await exchange(browser, code)).status).toBe(200);
      browser.cookiesOf(api.url).set('infernode_sign_in', binding);
      expect(await exchange(browser, code)).toMatchObject({ status: 403, code: 'INVALID_SIGN_IN_CODE' });
    });

    it('works for one of two requests at the same time', async () => {
      person('twice');
      const browser = new CookieBrowser();
      const code = codeOf(await signIn(browser, 'twice'));
      const answers = await Promise.all([exchange(browser, code), exchange(browser, code)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
    });

    it('is worth nothing in another browser, or when it is made up', async () => {
      person('robbed');
      const code = codeOf(await signIn(new CookieBrowser(), 'robbed'));
      const thief = new CookieBrowser();
      expect(await exchange(thief, code)).toMatchObject({ status: 403, code: 'INVALID_SIGN_IN_CODE' });
      person('thief');
      await signIn(thief, 'thief');
      expect(await exchange(thief, code)).toMatchObject({ status: 403, code: 'INVALID_SIGN_IN_CODE' });
      expect((await exchange(thief, 'infc_made-up')).status).toBe(403);
    });

    it('gives no tokens to an account that was disabled in the meantime', async () => {
      person('late');
      const browser = new CookieBrowser();
      const code = codeOf(await signIn(browser, 'late'));
      const { id } = await userOf('late');
      await api.persistence.unitOfWork.run(({ users }) => users.setDisabled(id, true));
      expect(await exchange(browser, code)).toMatchObject({ status: 403, code: 'ACCOUNT_DISABLED' });
      const refused = await signIn(new CookieBrowser(), 'late');
      expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('disabled')]);
    });
  });

  describe('an answer of the provider', () => {
    const refusal = ({ status, location }: Visited) => [status, location];

    it('is worth nothing without the cookie of its browser', async () => {
      person('victim');
      const url = await atProvider(new CookieBrowser(), 'victim');
      const other = await new CookieBrowser().visit(url);
      expect(refusal(other)).toEqual([403, null]);
      expect(other.text).toContain('not started in this browser');
      const json = await api.anonymous.get(new URL(url).pathname + new URL(url).search);
      expect([json.status, json.at('code')]).toEqual([403, 'OIDC_SIGN_IN_INVALID']);
    });

    it('is not taken for the sign-in of another browser', async () => {
      person('attacker');
      // The attacker makes the victim's browser finish the attacker's sign-in.
      const url = await atProvider(new CookieBrowser(), 'attacker');
      const victim = new CookieBrowser();
      await victim.visit(`${api.url}/api/auth/oidc/start`);
      expect(refusal(await victim.visit(url))).toEqual([403, null]);
    });

    it('works once', async () => {
      person('replayed');
      const browser = new CookieBrowser();
      const url = await atProvider(browser, 'replayed');
      const cookie = String(browser.cookiesOf(api.url).get('infernode_oidc'));
      expect((await browser.visit(url)).status).toBe(303);
      expect(browser.cookiesOf(api.url).has('infernode_oidc')).toBe(false);
      browser.cookiesOf(api.url).set('infernode_oidc', cookie);
      expect(refusal(await browser.visit(url))).toEqual([403, null]);
    });

    it('with a forged cookie or another issuer is refused', async () => {
      person('forger');
      const browser = new CookieBrowser();
      const url = new URL(await atProvider(browser, 'forger'));
      const cookies = browser.cookiesOf(api.url);
      const [content, mac] = String(cookies.get('infernode_oidc')).split('.');
      const flow = JSON.parse(Buffer.from(content, 'base64url').toString()) as object;
      const changed = JSON.stringify({ ...flow, returnTo: 'https://attacker.example/' });
      cookies.set('infernode_oidc', `${Buffer.from(changed).toString('base64url')}.${mac}`);
      expect(refusal(await browser.visit(url.href))).toEqual([403, null]);
      cookies.set('infernode_oidc', `${content}.${mac}`);
      url.searchParams.set('iss', 'https://attacker.example');
      expect(refusal(await browser.visit(url.href))).toEqual([403, null]);
    });

    it('that refuses is shown, without text of the provider that could deceive', async () => {
      const browser = new CookieBrowser();
      await browser.visit(`${api.url}/api/auth/oidc/start`);
      const [content] = String(browser.cookiesOf(api.url).get('infernode_oidc')).split('.');
      const { state } = JSON.parse(Buffer.from(content, 'base64url').toString()) as { state: string };
      const query = new URLSearchParams({
        error: 'access_denied',
        error_description: '<script>alert(1)</script>',
        state,
        iss: provider.issuer,
      });
      const answer = await browser.visit(`${callback()}?${String(query)}`);
      expect(answer.status).toBe(403);
      expect(answer.text).toContain('refused the sign-in: access_denied');
      expect(answer.text).not.toContain('alert(1)');
    });
  });

  describe('an existing account', () => {
    it('is linked after its password, and not before', async () => {
      const { user } = await api.user('owner');
      person('owner');
      const browser = new CookieBrowser();
      const page = await signIn(browser, 'owner', '/console');
      expect(page.location).toMatch(/\/sign-in#link-code=/);
      const code = codeOf(page, 'link-code');
      expect(await exchange(browser, code)).toMatchObject({ status: 403, code: 'INVALID_SIGN_IN_CODE' });
      expect(await link(browser, code, 'wrong password')).toMatchObject({
        status: 401,
        code: 'INVALID_CREDENTIALS',
      });
      expect((await link(new CookieBrowser(), code, PASSWORD)).status).toBe(403);
      const linked = await link(browser, code, PASSWORD);
      expect(linked.status).toBe(200);
      expect((await profileOf(linked.token)).at('data.id')).toBe(user.id);
      expect((await profileOf((await tokensOf('owner')).token)).at('data.id')).toBe(user.id);
      // The password goes on working.
      const login = await api.anonymous.post('/api/auth/login', { email: user.email, password: PASSWORD });
      expect(login.status).toBe(200);
    });

    it('is out of reach of an address that the provider has not verified', async () => {
      const { user } = await api.user('target');
      provider.people.set('impostor', { email: 'target@example.com', email_verified: false });
      const refused = await signIn(new CookieBrowser(), 'impostor');
      expect([refused.status, refused.location]).toEqual([403, null]);
      expect(refused.text).toContain('no e-mail address that it has verified');
      expect((await userOf('target')).id).toBe(user.id);
    });

    it('loses its identity when it is deleted', async () => {
      person('leaver');
      const { token } = await tokensOf('leaver');
      const { id } = await userOf('leaver');
      expect((await new ApiClient(api.url, token).delete(`/api/users/${id}`)).status).toBe(200);
      const again = await tokensOf('leaver');
      expect(again.status).toBe(200);
      expect((await userOf('leaver')).id).not.toBe(id);
    });
  });

  it.each([
    ['another domain', { email: 'eve@attacker.example' }],
    ['a subdomain', { email: 'eve@sub.example.com' }],
    ['a domain that ends like an allowed one', { email: 'eve@badexample.com' }],
    ['two addresses in one', { email: 'eve@attacker.example,x@example.com' }],
    ['no address', { email: undefined }],
    ['a text instead of a verification', { email_verified: 'true' }],
  ])('refuses %s', async (name, claims) => {
    person(`stranger of ${name}`, claims);
    const refused = await signIn(new CookieBrowser(), `stranger of ${name}`);
    expect([refused.status, refused.location]).toEqual([403, null]);
  });

  it('accepts an allowed domain in any spelling', async () => {
    person('hans', { email: 'Hans@XN--MNCHEN-3YA.example' });
    const { token } = await tokensOf('hans');
    expect((await profileOf(token)).at('data.email')).toBe('hans@münchen.example');
  });

  describe('the role claim', () => {
    it('makes admins and takes the role again, at each sign-in', async () => {
      await api.user('another-admin', 'admin');
      person('chief', { roles: ['staff', 'admin'] });
      const { token } = await tokensOf('chief');
      expect((await userOf('chief')).role).toBe('admin');
      person('chief', { roles: ['staff', 'administrator'] });
      await tokensOf('chief');
      expect((await userOf('chief')).role).toBe('user');
      expect((await profileOf(token)).status).toBe(401);
      const { rows } = await api.persistence.unitOfWork.read.audit.page(
        { action: 'oidc role' },
        { offset: 0, limit: 2 },
      );
      expect(rows.map(({ subject }) => subject.role)).toEqual(['user', 'admin']);
    });

    it('opens the queue board to admins alone', async () => {
      person('boarder', { roles: 'admin' });
      const browser = new CookieBrowser();
      const page = await signIn(browser, 'boarder', '/api/admin/queues');
      expect(page.location).toBe(`${api.url}/api/admin/queues`);
      expect((await browser.visit(`${api.url}/api/admin/queues`)).text).toBe('the board');
      person('visitor');
      expect((await signIn(new CookieBrowser(), 'visitor', '/api/admin/queues')).status).toBe(403);
    });

    it('leaves the last admin the role', async () => {
      const { users } = api.persistence.unitOfWork.read;
      person('last', { roles: ['admin'] });
      await tokensOf('last');
      const { id } = await userOf('last');
      await api.persistence.unitOfWork.run(async (scope) => {
        for (const other of await scope.users.lockAdmins())
          if (other !== id) await scope.users.setDisabled(other, true);
      });
      person('last', { roles: [] });
      expect((await tokensOf('last')).status).toBe(200);
      expect((await users.findById(id))?.role).toBe('admin');
    });
  });

  it('signs out of the provider, and says so', async () => {
    const { status, headers } = await api.anonymous.get('/api/auth/oidc/logout');
    expect(status).toBe(303);
    const url = new URL(String(headers.get('location')));
    expect(url.origin).toBe(provider.issuer);
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe(`${api.url}/sign-in`);
    const info = await api.anonymous.get('/api/auth/oidc');
    expect(info.json).toEqual({
      enabled: true,
      buttonName: 'Sign in with OpenID Connect',
      startPath: '/api/auth/oidc/start',
    });
  });
});
