// The HTTP API, asked as the page's own.
export class ApiError extends Error {
  // status 0: no answer came.  `code` and `detail`: what the server says of it (RFC 9457), `retryAfter`: seconds.
  constructor(status, code, detail, body, retryAfter) {
    super(detail || code || `HTTP ${status}`);
    Object.assign(this, { name: 'ApiError', status, code, detail, body, retryAfter });
  }
}

// Below a share link everything of the page and of the API has the link in front.
export const base = /^\/t\/[^/]+(?=\/|$)/.exec(location.pathname)?.[0] ?? '';

export const events = new EventTarget();

const kSeconds = 30;

async function readBody(answer) {
  if (answer.status === 204) return null;
  const type = answer.headers.get('content-type') ?? '';
  if (!/^application\/([a-z.]+\+)?json\b/.test(type)) return null;
  return answer.json().catch(() => null);
}

function limited(signal, seconds) {
  const deadline = AbortSignal.timeout(seconds * 1000);
  if (!signal) return deadline;
  if (AbortSignal.any) return AbortSignal.any([signal, deadline]);
  return signal;
}

async function ask(method, path, body, { signal, seconds = kSeconds } = {}) {
  const headers = { Accept: 'application/json', 'X-Requested-With': 'cbx' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let answer, value;
  try {
    answer = await fetch(base + path, {
      method,
      headers,
      credentials: 'same-origin',
      signal: limited(signal, seconds),
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    value = await readBody(answer);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, error.name === 'TimeoutError' ? 'timeout' : 'offline', '', null);
  }
  if (answer.ok) return value;
  const code = value?.code ?? '';
  const error = new ApiError(
    answer.status,
    code,
    value?.detail ?? value?.title ?? '',
    value,
    Number(answer.headers.get('retry-after')) || 0,
  );
  // A wrong password is an answer too; without one of these codes it is the session that has ended.
  if (answer.status === 401 && !code.startsWith('wrong_')) events.dispatchEvent(new CustomEvent('signed-out'));
  throw error;
}

// Each answers the JSON of the body, or null where there is none; throws ApiError, or the AbortError of `signal`.
// options: { signal, seconds: until it counts as unanswered }
export const api = {
  get: (path, options) => ask('GET', path, undefined, options),
  post: (path, body = {}, options) => ask('POST', path, body, options),
  put: (path, body = {}, options) => ask('PUT', path, body, options),
  patch: (path, body = {}, options) => ask('PATCH', path, body, options),
  del: (path, options) => ask('DELETE', path, undefined, options),

  // All pages of a list: `list` names the array.
  async all(path, list, options) {
    const out = [];
    const bare = path.split('?')[0];
    for (let next = path; next;) {
      const page = await ask('GET', next, undefined, options);
      out.push(...page[list]);
      next = page.next ? bare + page.next : null;
    }
    return out;
  },
};

// The address of a picture, a playlist or a file, for src and href.
export const mediaUrl = (path) => base + path;

// One part of a path that somebody chose.
export const part = encodeURIComponent;

// What went wrong because nobody wants the answer any more.
export const isAbort = (error) => error?.name === 'AbortError';
