// What the tablet keeps besides the outbox: a small database of drafts, calls and itself.

import { Database } from "../database.js";

const database = new Database("field", {
  device: undefined, drafts: { keyPath: "id" }, calls: { keyPath: "id" },
});
const read = (store, ask) => database.read(store, ask);
const write = (stores, change) => database.write(stores, change);

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
