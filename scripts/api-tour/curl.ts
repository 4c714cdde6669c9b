import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** One API call made with curl. */
export interface CurlCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query below the base URL. */
  readonly path: string;
  /** The token to send; shown by name, sent by value. */
  readonly bearer?: { readonly name: string; readonly token: string };
  /** A header with a secret: shown by the name of its variable, sent by value. */
  readonly secret?: { readonly header: string; readonly name: string; readonly value: string };
  readonly json?: unknown;
  /** Fields of a multipart form; `content` is the path of a file. */
  readonly form?: { readonly content: string; readonly name: string; readonly type: string };
}

/** Response of a call. */
export interface CurlAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

/** Quotes text for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The command as shown in the transcript, with `$URL` and the token's variable instead of their values. */
export function commandText({ method, path: target, bearer, secret, json, form }: CurlCall): string {
  const lines = [`curl -sS -X ${method} "$URL${target}"`];
  if (bearer) lines.push(`-H "Authorization: Bearer $${bearer.name}"`);
  if (secret) lines.push(`-H "${secret.header}$${secret.name}"`);
  if (json !== undefined) {
    lines.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(json, null, 2))}`);
  }
  if (form) {
    lines.push(
      `-F content=@${path.basename(form.content)}`,
      `-F ${quoted(`name=${form.name}`)}`,
      `-F type=${form.type}`,
    );
  }
  return lines.join(' \\\n  ');
}

function curlArguments(
  baseUrl: string,
  { method, path: target, bearer, secret, json, form }: CurlCall,
): string[] {
  const args = ['-sS', '-X', method, `${baseUrl}${target}`];
  if (bearer) args.push('-H', `Authorization: Bearer ${bearer.token}`);
  if (secret) args.push('-H', `${secret.header}${secret.value}`);
  if (json !== undefined) args.push('-H', 'Content-Type: application/json', '-d', JSON.stringify(json));
  if (form) args.push('-F', `content=@${form.content}`, '-F', `name=${form.name}`, '-F', `type=${form.type}`);
  return args;
}

/**
 * Makes the call with curl.
 * @throws Error with curl's message when there is no response
 */
export async function curl(baseUrl: string, call: CurlCall): Promise<CurlAnswer> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-tour-'));
  try {
    const file = path.join(folder, 'body');
    const facts = ['-o', file, '-w', '%{http_code} %{content_type}'];
    const { stdout } = await run('curl', [...curlArguments(baseUrl, call), ...facts]);
    const [status, ...contentType] = stdout.split(' ');
    // curl creates no file for an empty body.
    const body = await readFile(file).catch(() => Buffer.alloc(0));
    return { status: Number(status), contentType: contentType.join(' '), body };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
