/*
 * What the web provider finds in a browser and not in Node: a storage that
 * outlives the provider, and EventSource.
 */
import { EventSource } from 'eventsource';

class LocalStorage {
  #items = new Map();

  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  setItem(key, value) {
    this.#items.set(key, String(value));
  }

  removeItem(key) {
    this.#items.delete(key);
  }
}

export function open_page() {
  globalThis.localStorage = new LocalStorage();
  globalThis.EventSource = EventSource;
}
