// What the tablet keeps besides the outbox: a small database with strict durability. A write is on
// the disk when its promise resolves.

const NAME = "field";
const STORES = { device: undefined, drafts: { keyPath: "id" }, calls: { keyPath: "id" } };
let opened = null;

async function database() {
  opened ??= await new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      for (const [store, options] of Object.entries(STORES)) {
        request.result.createObjectStore(store, options);
      }
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  opened.onversionchange = () => { opened.close(); opened = null; };
  opened.onclose = () => { opened = null; };
  return opened;
}

async function read(store, ask) {
  const found = (await database()).transaction(store).objectStore(store);
  return new Promise((resolve, reject) => {
    const request = ask(found);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function write(stores, change) {
  const found = await database();
  await new Promise((resolve, reject) => {
    const transaction = found.transaction(stores, "readwrite", { durability: "strict" });
    transaction.oncomplete = resolve;
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
    change((store) => transaction.objectStore(store));
  });
}

/** What is known of the device: token, package, wrapped key, times; by name. */
export const device = {
  get: (name) => read("device", (store) => store.get(name)),
  set: (values) => write("device", (store) => {
    for (const [name, value] of Object.entries(values)) store("device").put(value, name);
  }),
};

/** Interviews that are not finished, each as {id, nonce, hidden} or {id, finishing}. */
export const drafts = {
  all: () => read("drafts", (store) => store.getAll()),
  get: (id) => read("drafts", (store) => store.get(id)),
  /** A draft that is being finished stays as it is. */
  put: (draft) => write("drafts", (store) => {
    store("drafts").get(draft.id).onsuccess = ({ target }) => {
      if (!target.result?.finishing) store("drafts").put(draft);
    };
  }),
  delete: (id) => write("drafts", (store) => store("drafts").delete(id)),
};

/** What came of visits, as the lists show it. It knows households, never a response. */
export const calls = {
  all: async () => (await read("calls", (store) => store.getAll())).sort((a, b) => a.at - b.at),
  put: (call) => write("calls", (store) => store("calls").put(call)),
};

/** A draft becomes a sealed form that waits, and its call stands in the list: both or neither. */
export function finishing(id, sealed, call) {
  return write(["drafts", "calls"], (store) => {
    store("drafts").put({ id, finishing: sealed });
    store("calls").put(call);
  });
}
