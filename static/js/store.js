// A database of this browser: opened when it is first asked for, again when it was closed, and let go when another page changes its shape.

export function storeOf(name, stores, shape, { strict = false } = {}) {
  let opening = null;
  function opened() {
    opening ||= new Promise((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => shape(request.result);
      request.onsuccess = () => {
        request.result.onclose = () => { opening = null; };
        request.result.onversionchange = () => { request.result.close(); opening = null; };
        resolve(request.result);
      };
      request.onerror = () => reject(request.error);
    }).catch((error) => { opening = null; throw error; });
    return opening;
  }
  // All of `work`, which is given the stores, or nothing of it. What its one request finds is given back.
  return async function within(mode, work) {
    const store = await opened();
    return new Promise((resolve, reject) => {
      const all = store.transaction(stores, mode, strict ? { durability: "strict" } : {});
      let request = null;
      all.oncomplete = () => resolve(request?.result);
      all.onabort = () => reject(all.error);
      request = work(...stores.map((one) => all.objectStore(one)));
      if (strict && mode === "readwrite") all.commit?.(); // all of it is asked for: nobody waits for the answers
    });
  };
}
