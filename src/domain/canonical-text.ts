import { domainToASCII, domainToUnicode } from 'node:url';

/** Normalises a name or text to the form in which it is stored and compared (NFC). */
export function canonicalText(text: string): string {
  return text.normalize('NFC');
}

/**
 * Normalises an e-mail address to the form in which it is stored and compared: lower case, NFC, and its domain in
 * Unicode (UTS 46). An address with an invalid domain is returned unchanged and rejected by the validation.
 */
export function canonicalEmail(text: string): string {
  const lower = canonicalText(text.trim().toLowerCase());
  const at = lower.lastIndexOf('@');
  const domain = canonicalText(domainToUnicode(domainToASCII(lower.slice(at + 1))));
  return at < 0 || domain === '' ? lower : `${lower.slice(0, at)}@${domain}`;
}

/** Converts an address to the form of mail servers, with the domain in ASCII. */
export function asciiEmail(text: string): string {
  const at = text.lastIndexOf('@');
  return `${text.slice(0, at + 1)}${domainToASCII(text.slice(at + 1))}`;
}

/**
 * Normalises a password before hashing: OpaqueString of RFC 8265, so that the same keys give the same password on every
 * system. All space characters become U+0020, and the text is NFC.
 */
export function canonicalPassword(text: string): string {
  return text.replaceAll(/\p{Zs}/gu, ' ').normalize('NFC');
}
