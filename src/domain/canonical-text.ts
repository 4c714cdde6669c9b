import { domainToASCII, domainToUnicode } from 'node:url';

/** A name or text in the one form in which it is stored and compared: composed (NFC). */
export function canonicalText(text: string): string {
  return text.normalize('NFC');
}

/**
 * An e-mail address in the one form in which it is stored and compared: lower case, composed, and its domain in Unicode,
 * in any spelling (UTS 46). An address with an invalid domain is returned unchanged and refused elsewhere.
 */
export function canonicalEmail(text: string): string {
  const lower = canonicalText(text.trim().toLowerCase());
  const at = lower.lastIndexOf('@');
  const domain = canonicalText(domainToUnicode(domainToASCII(lower.slice(at + 1))));
  return at < 0 || domain === '' ? lower : `${lower.slice(0, at)}@${domain}`;
}

/** The same address in the form of mail servers, with the domain in ASCII. */
export function asciiEmail(text: string): string {
  const at = text.lastIndexOf('@');
  return `${text.slice(0, at + 1)}${domainToASCII(text.slice(at + 1))}`;
}

/**
 * A password as it is hashed: OpaqueString of RFC 8265, so that the same keys typed on another system give the same
 * password. Spaces of any kind are spaces, and characters are composed.
 */
export function canonicalPassword(text: string): string {
  return text.replaceAll(/\p{Zs}/gu, ' ').normalize('NFC');
}
