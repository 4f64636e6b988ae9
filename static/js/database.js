// A database of the browser (IndexedDB) with promises. A write is on the disk when its promise
// resolves; kiosks and tablets keep with it what must not be lost.

/** The database of a name; `create` makes the stores of a new one: options by name. */
export class Database {
  #opened = null;

  constructor(name, create) {
    Object.assign(this, { name, create });
  }

  /** One connection for all; another one after the browser, or a newer app in a tab, has closed it. */
  #open() {
    const forget = () => { this.#opened = null; };
    this.#opened ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(this.name, 1);
      request.onupgradeneeded = () => {
        for (const [store, options] of Object.entries(this.create)) {
          request.result.createObjectStore(store, options);
        }
      };
      request.onsuccess = () => {
        const database = request.result;
        database.onclose = forget;
        database.onversionchange = () => {
          database.close();
          forget();
        };
        resolve(database);
      };
      request.onerror = () => {
        forget();
        reject(request.error);
      };
    });
    return this.#opened;
  }

  /** What `ask(store)`, a request to a store, finds. */
  async read(store, ask) {
    const found = (await this.#open()).transaction(store).objectStore(store);
    return new Promise((resolve, reject) => {
      const request = ask(found);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  /** All that `change` does, or nothing of it; it is given the function from a name to its store. */
  async write(stores, change) {
    const database = await this.#open();
    await new Promise((resolve, reject) => {
      const transaction = database.transaction(stores, "readwrite", { durability: "strict" });
      transaction.oncomplete = resolve;
      // Only now is the reason known: at the error of a request it is still null.
      transaction.onabort = () => reject(transaction.error ?? new DOMException("", "AbortError"));
      change((name) => transaction.objectStore(name));
    });
  }
}
