import type { Request, Response } from 'express';
import { HANDLED } from '../middlewares/reply.js';

/** Value of a cookie of the request; null without it. */
export function cookieOf(request: Request, wanted: string): string | null {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  return pairs.find(([name]) => name === wanted)?.[1] ?? null;
}

/** Whether the client prefers an HTML page, as browsers do, to problem details. */
export function prefersPage(request: Request): boolean {
  return request.accepts(['application/problem+json', 'application/json', 'text/html']) === 'text/html';
}

/** Sends a page that is never cached. */
export function sendPage(response: Response, status: number, html: string): typeof HANDLED {
  response.status(status).set('Cache-Control', 'no-store').type('html').send(html);
  return HANDLED;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as content or attribute of HTML. */
export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (c) => ENTITIES[c]);
