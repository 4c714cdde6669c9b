/** PostgreSQL NOTIFY channel, used by triggers of the tables of credentials; the payload is the id of a user. */
const CREDENTIAL_CHANGES_CHANNEL = 'credential_changes';

/** Tells open connections that a credential of their user may have ended. */
export class CredentialChanges {
  readonly #listeners = new Map<string, Set<() => void>>();

  /** Credentials of a user were changed, by this process or another one. */
  changed(userId: string): void {
    [...(this.#listeners.get(userId) ?? [])].forEach((listener) => listener());
  }

  /** Calls `listener` at each change until the returned function is called. */
  subscribe(userId: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(userId) ?? new Set();
    this.#listeners.set(userId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(userId) === listeners) this.#listeners.delete(userId);
    };
  }
}

/** Channel and receiver for the connection that listens to the database. */
export const listenToCredentials = (changes: CredentialChanges) => ({
  [CREDENTIAL_CHANGES_CHANNEL]: (userId: string): void => changes.changed(userId),
});
