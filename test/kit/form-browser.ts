/** A browser without a screen: it keeps its cookie, and sends forms as it finds them on the pages. For tests. */
import type { Hono } from 'hono';

export const ORIGIN = 'http://pool.example';

interface Sent {
  readonly fields?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Shown {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

export class FormBrowser {
  cookie: string | undefined;

  constructor(private readonly app: Pick<Hono, 'request'>) {}

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Shown> {
    return this.take(
      await this.app.request(`${ORIGIN}${path}`, { headers: { ...this.cookies, ...headers } }),
    );
  }

  /** Sends a form as a browser does whose page is on this host. */
  async post(path: string, { fields = {}, headers = {} }: Sent = {}): Promise<Shown> {
    const answer = await this.app.request(`${ORIGIN}${path}`, {
      method: 'POST',
      headers: this.headersOf(headers),
      body: new URLSearchParams(fields).toString(),
    });
    return this.take(answer);
  }

  signIn(token: string): Promise<Shown> {
    return this.post('/operator/sign-in', { fields: { token } });
  }

  /** Fills in and sends the first form of a page that leads to this path. */
  async submit(
    page: Shown,
    path: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Shown> {
    return this.post(path, { fields: { ...fieldsOf(page, path), ...more } });
  }

  /** What a browser says of itself; a header that is given as empty is left out. */
  private headersOf(headers: Readonly<Record<string, string>>): Record<string, string> {
    const all = {
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'same-origin',
      origin: ORIGIN,
      ...this.cookies,
      ...headers,
    };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
  }

  private get cookies(): Readonly<Record<string, string>> {
    return this.cookie === undefined ? {} : { cookie: this.cookie };
  }

  private async take(answer: Response): Promise<Shown> {
    const set = answer.headers.get('set-cookie');
    if (set !== null) this.cookie = set.split(';', 1)[0];
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
  }
}

/** Reads the hidden and filled-in fields of the first form on a page that leads to this path. */
export function fieldsOf({ text }: Shown, path: string): Record<string, string> {
  const forms = text.match(/<form[\s\S]*?<\/form>/g) ?? [];
  const form = forms.find((one) => one.includes(`action="${path}"`));
  if (form === undefined) throw new Error(`no form of the page leads to ${path}`);
  const inputs = form.match(/<input[^>]*>/g) ?? [];
  return Object.fromEntries(
    inputs.flatMap((input) => {
      const [, name] = /name="([^"]*)"/.exec(input) ?? [];
      const [, value = ''] = /value="([^"]*)"/.exec(input) ?? [];
      const isFilled = !input.includes('type="checkbox"');
      return name === undefined || !isFilled ? [] : [[name, value.replaceAll('&amp;', '&')]];
    }),
  );
}
