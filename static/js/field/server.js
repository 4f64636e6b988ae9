// What the tablet asks the service for, with its token; status 0 when no answer came.

const PATIENCE = 30_000;

async function ask(path, { token = null, body = null, headers = {} } = {}) {
  const options = {
    headers: { ...headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) },
    credentials: "omit",
    cache: "no-store",
    signal: AbortSignal.timeout(PATIENCE),
  };
  if (body !== null) {
    options.method = "POST";
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  try {
    const answer = await fetch(path, options);
    const said = await answer.json().catch(() => null);
    // a network that wants a sign-in first answers with a page of its own: that is nobody
    const ours = said !== null || answer.status === 304 || answer.status >= 500;
    return { status: ours ? answer.status : 0, body: said, etag: answer.headers.get("ETag") };
  } catch {
    return { status: 0, body: null, etag: null };
  }
}

export const enrol = (code) => ask("/t/enrol", { body: { code } });

/** The package; 304 when it is the one that is here. */
export const fetchPackage = (token, etag) => ask("/api/v1/package", {
  token, headers: etag ? { "If-None-Match": etag } : {},
});

/** Say that the tablet is alive, and hear what time it is. */
export const contact = (token, told) => ask("/api/v1/contact", {
  token, body: { ...told, sent_at: new Date().toISOString() },
});

/** How a queue posts; `kind` is responses or visits, `told` gives what goes with a batch. */
export function poster(kind, tokenOf, told, heard) {
  return async (items) => {
    const token = tokenOf();
    if (!token) throw new Error("not enrolled");
    const body = { [kind]: items, ...told(), sent_at: new Date().toISOString() };
    const answer = await ask(`/api/v1/${kind}`, { token, body });
    heard(answer);
    return answer;
  };
}
