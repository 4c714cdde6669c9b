/** An answer as a browser sees it. */
export interface Visited {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Where a redirect leads; null without one. */
  readonly location: string | null;
}

/** A browser without pages: keeps cookies per host and port, and follows redirects while it is told to. */
export class CookieBrowser {
  readonly #cookies = new Map<string, Map<string, string>>();

  /** Cookies of a site, which may be changed. */
  cookiesOf(url: string): Map<string, string> {
    const { host } = new URL(url);
    const cookies = this.#cookies.get(host) ?? new Map<string, string>();
    this.#cookies.set(host, cookies);
    return cookies;
  }

  async visit(url: string, init: RequestInit = {}): Promise<Visited> {
    const cookies = this.cookiesOf(url);
    const headers = new Headers({ accept: 'text/html', ...Object.fromEntries(new Headers(init.headers)) });
    if (cookies.size > 0) headers.set('cookie', [...cookies].map((pair) => pair.join('=')).join('; '));
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    return {
      url,
      status: answer.status,
      headers: answer.headers,
      text: await answer.text(),
      location: location === null ? null : new URL(location, url).href,
    };
  }

  postForm(url: string, fields: Record<string, string>): Promise<Visited> {
    return this.visit(url, { method: 'POST', body: new URLSearchParams(fields) });
  }

  postJson(url: string, body: unknown): Promise<Visited> {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    return this.visit(url, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  /** Follows redirects until an answer is none, or leads to a URL that starts with `until`. */
  async follow(url: string, until: string): Promise<Visited> {
    let answer = await this.visit(url);
    while (answer.location !== null && !answer.location.startsWith(until))
      answer = await this.visit(answer.location);
    return answer;
  }
}
