'use strict';
/*
 * Shows what GET /api/v1/events and /api/v1/requests/ID tell. All of it is other people's text: it goes into the page as text,
 * never as markup, and only http and https become links.
 */

/** What is shown of a compressed body once it is open: a small file can hold a very large one. */
const MOST_INFLATED_BYTES = 1 << 20;

/** Bytes that are shown of what is neither text nor a picture. */
const HEX_BYTES = 2048;

/** Fields that a request has because of the way it took; curl makes its own. */
const OF_THE_WAY = /^(host|content-length|transfer-encoding|connection|x-forwarded-.*|x-real-ip|forwarded|culvert-.*|via|cdn-loop)$/i;

const requests = new Map();
let chosen = null;
let shown = null;

/** Rows of messages that are shown: as many as the agent keeps. */
const MOST_MESSAGES = 500;

/** Characters of a message that are shown on one line; the rest is unfolded. */
const LINE_CHARACTERS = 300;

/** Which agent tells; ids begin anew with each. */
let agent = null;

/** What was unfolded or shown as it came, of the chosen request. */
let opened = new Map();

/** The number of the last message of the chosen request that is shown. */
let lastMessage = 0;

/* Words and numbers. */

function took(micros) {
  if (micros < 1000) return `${micros} µs`;
  if (micros < 10_000_000) return `${(micros / 1000).toFixed(micros < 10_000 ? 1 : 0)} ms`;
  return `${(micros / 1e6).toFixed(1)} s`;
}

const clock = iso => new Date(iso).toLocaleTimeString([], {hour12: false});

/* The list. */

const rows = new Map();

function row(id) {
  let item = rows.get(id);
  if (!item) {
    const button = make('button', {onclick: () => choose(id)},
      make('span', {className: 'what'}, make('b'), ' ', make('span')),
      make('span', {className: 'state'}),
      make('span', {className: 'about'}),
      make('span', {className: 'took'}));
    item = make('li', {data: {request: id}}, button);
    rows.set(id, item);
  }
  return item;
}

function pillOf(request, element) {
  const status = request.status;
  if (request.state === 'failed') pill(element, 'bad', status ? `${status}, cut off` : 'no answer');
  else if (request.upgraded) pill(element, request.state === 'open' ? 'busy' : 'good', request.state === 'open' ? 'open' : 'closed');
  else if (!status) pill(element, 'busy', 'waiting');
  else pill(element, status >= 500 ? 'bad' : status >= 400 ? 'warn' : status >= 300 ? 'busy' : 'good', String(status));
}

function showRow(request) {
  const button = row(request.id).firstElementChild;
  const [what, state, about, time] = button.children;
  put(what.children[0], request.method);
  put(what.children[1], request.path);
  what.title = `${request.method} ${request.path}`;
  pillOf(request, state);
  put(about, [clock(request.startedAt), request.replayOf ? `replay of #${request.replayOf}` : request.visitor, request.host,
    bytes(request.responseBytes)].filter(Boolean).join(' · '));
  put(time, request.state === 'open' ? '' : took(request.totalMicros));
  button.setAttribute('aria-current', String(request.id === chosen));
}

function matches(request, words) {
  const text = [`#${request.id}`, request.method, request.path, request.host, request.visitor, request.status ?? '',
    request.state, request.contentType ?? ''].join(' ').toLowerCase();
  return words.every(word => text.includes(word));
}

function showList() {
  const words = $('filter').value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const found = [...requests.values()].filter(request => matches(request, words)).sort((a, b) => b.id - a.id);
  found.forEach(showRow);
  arrange($('requests'), found.map(request => request.id), row);
  for (const id of rows.keys()) if (!requests.has(id)) rows.delete(id);
  $('empty').hidden = found.length > 0;
  put($('empty-title'), requests.size ? 'Nothing found' : 'No requests yet');
  put($('empty-text'), requests.size ? 'No request has what you typed.' : 'What visitors ask of your tunnels shows up here.');
  $('clear').disabled = requests.size === 0;
}

function showTunnels(tunnels) {
  $('tunnels').replaceChildren(...tunnels.map(tunnel => {
    const link = make('a', {textContent: tunnel.url || 'connecting', target: '_blank', rel: 'noreferrer'});
    if (isLink(tunnel.url)) link.href = tunnel.url;
    return make('li', {data: {online: tunnel.online}, title: tunnel.online ? 'online' : 'not online'}, link, ` → ${tunnel.target}`);
  }));
}

/* One request. */

async function choose(id) {
  chosen = id;
  opened = new Map();
  lastMessage = 0;
  $('messages-list').replaceChildren();
  $('editor').hidden = true;
  put($('said'), '');
  history.replaceState(null, '', id === null ? ' ' : `#${id}`);
  showList();
  if (id === null) {
    shown = null;
    $('details').hidden = true;
    $('none').hidden = false;
    return;
  }
  await refresh();
  $('details').scrollTop = 0;
}

async function refresh() {
  const id = chosen;
  let answer;
  try {
    answer = await fetch(`/api/v1/requests/${id}`);
  } catch {
    return; // The events tell that the agent is gone.
  }
  if (id !== chosen) return;
  if (!answer.ok) {
    if (answer.status === 404) choose(null);
    return;
  }
  const details = await answer.json();
  if (id !== chosen) return;
  shown = details;
  $('none').hidden = true;
  $('details').hidden = false;
  showDetails();
  if (shown.messages) await refreshMessages(id);
}

function showDetails() {
  put($('method'), shown.method);
  put($('path'), shown.path);
  pillOf(shown, $('status'));
  const times = shown.state === 'open' ? [] : [
    shown.status ? `first byte ${took(shown.firstByteMicros)}` : '', `total ${took(shown.totalMicros)}`];
  put($('facts'), [`#${shown.id}`, new Date(shown.startedAt).toLocaleString([], {hour12: false}),
    shown.replayOf ? `replay of #${shown.replayOf}` : shown.visitor && `from ${shown.visitor}`,
    `${shown.host} → ${shown.target}`, ...times].filter(Boolean).join(' · '));
  $('reason').hidden = !shown.reason;
  put($('reason'), shown.reason ? shown.reason[0].toUpperCase() + shown.reason.slice(1) + '.' : '');
  for (const button of [$('replay'), $('edit')]) {
    button.disabled = !shown.replayable;
    button.title = shown.replayable ? '' : shown.upgraded ? 'What was upgraded cannot be sent again.'
      : 'The request did not come whole, or is too large to be kept whole.';
  }
  showMessage($('request'), 'Request', shown.request, 'request-body');
  showMessage($('response'), 'Response', shown.response, 'response-body');
  $('messages').hidden = !shown.messages;
}

const field = (message, name) => message.headers.find(one => one.name.toLowerCase() === name)?.value ?? '';

function tableOf(pairs) {
  return make('table', {}, make('tbody', {}, ...pairs.map(pair =>
    make('tr', {}, make('th', {textContent: pair.name, scope: 'row'}), make('td', {textContent: pair.value})))));
}

function fold(part, title, pairs, open) {
  const key = `${part} ${title}`;
  const details = make('details', {open: opened.get(key) ?? open},
    make('summary', {textContent: `${title} (${pairs.length})`}), tableOf(pairs));
  details.addEventListener('toggle', () => opened.set(key, details.open));
  return details;
}

function showMessage(container, title, message, file) {
  if (!message) {
    container.replaceChildren();
    container.className = '';
    return;
  }
  const first = title === 'Request' ? `${shown.method} ${shown.version ?? message.version}` : `${message.status} ${message.reason}`;
  const body = message.body;
  const about = shown.upgraded ? '' : body.bytes ? `${field(message, 'content-type') || 'body'}, ${bytes(body.bytes)}` : 'no body';
  const head = make('h2', {}, title, make('small', {textContent: [first, about].filter(Boolean).join(' · ')}));
  if (body.kept) {
    head.append(make('a', {className: 'button', href: `/api/v1/requests/${shown.id}/${file}`, download: `${shown.id}-${file}`, textContent: 'Save'}));
  }
  const parts = [head];
  if (title === 'Request') {
    const query = [...new URLSearchParams(shown.path.split('?').slice(1).join('?'))].map(([name, value]) => ({name, value}));
    if (query.length) parts.push(fold(title, 'Query', query, true));
  }
  parts.push(fold(title, 'Headers', message.headers, title === 'Request'));
  if (message.trailers.length) parts.push(fold(title, 'Trailers', message.trailers, true));
  const place = make('div');
  parts.push(place);
  container.className = 'part';
  container.replaceChildren(...parts);
  if (shown.upgraded && body.bytes) place.append(make('p', {className: 'note', textContent:
    `${bytes(body.bytes)} ${title === 'Request' ? 'from the visitor' : 'from the target'} since the upgrade.`}));
  else if (body.bytes) showBody(place, head, message, title);
}

/* Bodies. */

function bytesOf(body) {
  if (body.text !== undefined) return new TextEncoder().encode(body.text);
  return Uint8Array.from(atob(body.base64), character => character.charCodeAt(0));
}

/** What comes out of a compressed body, or as much of it as comes. */
async function inflate(packed, format) {
  const parts = [];
  let size = 0;
  let whole = true;
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream(format)).getReader();
  try {
    for (;;) {
      const {value, done} = await reader.read();
      if (done) break;
      parts.push(value);
      size += value.length;
      if (size >= MOST_INFLATED_BYTES) {
        whole = false;
        await reader.cancel();
        break;
      }
    }
  } catch {
    whole = false; // It was cut off.
  }
  return {data: new Uint8Array(await new Blob(parts).arrayBuffer()), whole};
}

function textOf(data) {
  try {
    const text = new TextDecoder('utf-8', {fatal: true}).decode(data, {stream: true});
    return /[\x00-\x08\x0e-\x1a]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

const hexOf = part => [...part].map(one => one.toString(16).padStart(2, '0')).join(' ');

function hex(data) {
  const lines = [];
  for (let at = 0; at < Math.min(data.length, HEX_BYTES); at += 16) {
    const part = data.slice(at, at + 16);
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hexOf(part).padEnd(47)}  `
      + [...part].map(one => one >= 32 && one < 127 ? String.fromCharCode(one) : '.').join(''));
  }
  if (data.length > HEX_BYTES) lines.push('…');
  return lines.join('\n');
}

async function showBody(place, head, message, part) {
  const type = field(message, 'content-type').toLowerCase();
  const encoding = field(message, 'content-encoding').toLowerCase().trim();
  const {kept, bytes: all} = message.body;
  const notes = [];
  let data = bytesOf(message.body);
  if (kept < all) notes.push(`the first ${bytes(kept)} of ${bytes(all)}`);
  const format = {gzip: 'gzip', 'x-gzip': 'gzip', deflate: 'deflate'}[encoding];
  if (format) {
    const inflated = await inflate(data, format);
    data = inflated.data;
    notes.push(inflated.whole ? `${encoding}, ${bytes(data.length)} unpacked` : `the first ${bytes(data.length)}, unpacked`);
  } else if (encoding && encoding !== 'identity') {
    notes.push(`as it came, packed with ${encoding}`);
  }
  if (notes.length) place.append(make('p', {className: 'note', textContent: notes.join('; ')}));
  const text = textOf(data);
  if (type.startsWith('image/') && !type.includes('svg')) {
    const picture = make('img', {className: 'picture', alt: 'the picture that was sent'});
    picture.src = URL.createObjectURL(new Blob([data], {type}));
    picture.onload = picture.onerror = () => URL.revokeObjectURL(picture.src);
    place.append(picture);
  } else if (text === null) {
    place.append(make('pre', {className: 'hex', textContent: hex(data)}));
  } else if (type.startsWith('application/x-www-form-urlencoded')) {
    place.append(tableOf([...new URLSearchParams(text)].map(([name, value]) => ({name, value}))));
  } else {
    showText(place, head, text, type, part);
  }
}

/** JSON; null for what is none. */
function laidOut(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null;
  }
}

function showText(place, head, text, type, part) {
  const area = make('pre', {textContent: text});
  place.append(area);
  if (!/[/+]json\b/.test(type)) return;
  const pretty = laidOut(text);
  if (pretty === null) return;
  let raw = opened.get(part) ?? false;
  const toggle = make('button', {type: 'button'});
  const show = () => {
    put(area, raw ? text : pretty);
    put(toggle, raw ? 'Formatted' : 'As it came');
  };
  toggle.onclick = () => {
    raw = !raw;
    opened.set(part, raw);
    show();
  };
  head.querySelector('a')?.before(toggle);
  show();
}

/* Messages of a WebSocket. */

async function refreshMessages(id) {
  let told;
  try {
    const answer = await fetch(`/api/v1/requests/${id}/messages?after=${lastMessage}`);
    if (!answer.ok) return;
    told = await answer.json();
  } catch {
    return;
  }
  if (id !== chosen) return;
  const list = $('messages-list');
  for (const message of told.messages) {
    if (message.number <= lastMessage) continue; // Another answer brought it meanwhile.
    lastMessage = message.number;
    list.prepend(messageRow(message));
  }
  while (list.childElementCount > MOST_MESSAGES) list.lastElementChild.remove();
  put($('messages-about'), [`${told.passed}, the latest first`, told.passed > list.childElementCount && `${list.childElementCount} are kept`,
    told.unreadable && 'what came later cannot be read'].filter(Boolean).join(' · '));
}

function messageRow(message) {
  const fromVisitor = message.from === 'visitor';
  const time = make('time', {textContent: `${clock(message.at)}.${message.at.match(/\.(\d{3})/)?.[1] ?? '000'}`, dateTime: message.at});
  const arrow = make('b', {textContent: fromVisitor ? '→' : '←', title: fromVisitor ? 'from the visitor' : 'from the target'});
  const isControl = !['text', 'binary'].includes(message.kind);
  return make('li', {data: {from: message.from, control: isControl, number: message.number}}, time, arrow, wordsOf(message),
    make('span', {className: 'size', textContent: bytes(message.bytes)}));
}

/** On one line where it fits, else unfolded by a click. */
function wordsOf(message) {
  if (message.kind === 'close') {
    return make('span', {className: 'line', textContent: `close ${message.closeStatus} ${message.closeReason}`});
  }
  const data = bytesOf(message);
  const text = message.kind === 'binary' ? null : message.text ?? null;
  const notes = [message.kind === 'text' ? '' : message.kind, message.packed ? 'compressed, as it came' : ''].filter(Boolean).join(', ');
  const start = text === null ? hexOf(data.slice(0, 24)) : text.slice(0, LINE_CHARACTERS);
  const line = [notes && `${notes}:`, start].filter(Boolean).join(' ').replaceAll(/[\r\n]+/g, ' ');
  const whole = text === null ? data.length > 24 ? hex(data) : null : /^\s*[{[]/.test(text) ? laidOut(text) ?? text : text;
  const cut = message.kept < message.bytes ? `\n… the first ${bytes(message.kept)} of ${bytes(message.bytes)}` : '';
  return whole === null || whole === line && !cut ? make('span', {className: 'line', textContent: line})
    : make('details', {}, make('summary', {textContent: line}), make('pre', {className: text === null ? 'hex' : '', textContent: whole + cut}));
}

/* Sending again. */

async function send(changes) {
  put($('said'), 'sending …');
  let answer;
  let told;
  try {
    answer = await fetch(`/api/v1/requests/${shown.id}/replay`, {
      method: 'POST', ...changes && {headers: {'Content-Type': 'application/json'}, body: JSON.stringify(changes)}});
    told = await answer.json();
  } catch {
    put($('said'), 'the agent does not answer');
    return false;
  }
  if (!answer.ok) {
    put($('said'), told.message);
    return false;
  }
  requests.set(told.id, told);
  await choose(told.id);
  return true;
}

function edit() {
  $('editor').hidden = false;
  $('edit-method').value = shown.method;
  $('edit-path').value = shown.path;
  $('edit-headers').value = shown.request.headers.map(one => `${one.name}: ${one.value}`).join('\n');
  const isText = shown.request.body.text !== undefined;
  $('edit-body-part').hidden = !isText;
  $('edit-body').value = shown.request.body.text ?? '';
  $('edit-path').focus();
}

/** Null where it stays as it is. A text area knows only one kind of line ending. */
function editedBody() {
  const before = shown.request.body.text;
  const after = $('edit-body').value;
  if (before === undefined || after === before.replaceAll('\r\n', '\n')) return null;
  return before.includes('\r\n') ? after.replaceAll('\n', '\r\n') : after;
}

function headersOf(text) {
  return text.split('\n').filter(line => line.trim()).map(line => {
    const colon = line.indexOf(':');
    return {name: (colon < 0 ? line : line.slice(0, colon)).trim(), value: colon < 0 ? '' : line.slice(colon + 1).trim()};
  });
}

/* A terminal takes them for keys where they are pasted, which could end the command and begin another. */
const KEYS = /[\0-\t\v-\x1f\x7f-\x9f]/;

const octal = text => [...new TextEncoder().encode(text)].map(byte => `\\${byte.toString(8).padStart(3, '0')}`).join('');

/** One word for a shell; with keys in it, as bash, zsh and ksh write them. */
function quoted(text) {
  return KEYS.test(text)
    ? `$'${text.replace(/[\\'!\0-\t\v-\x1f\x7f-\x9f]/g, octal)}'`
    : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/* What curl takes for a header: it would read one that begins with @ from a file. */
const IS_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

/* curl leaves out a header without a value unless it ends so. */
const headerLine = ({name, value}) => value === '' ? `${name};` : `${name}: ${value}`;

function curl() {
  const scheme = field(shown.request, 'x-forwarded-proto') === 'https' ? 'https' : 'http'; // And not file, which curl has too.
  const host = field(shown.request, 'x-forwarded-host') || shown.host;
  const port = field(shown.request, 'x-forwarded-port');
  const usual = {http: '80', https: '443'}[scheme];
  const authority = port && port !== usual && !/:\d+$/.test(host) ? `${host}:${port}` : host;
  const url = `${scheme}://${authority}${shown.path}`;
  const parts = [`curl ${/[[\]{}]/.test(url) ? '--globoff ' : ''}${quoted(url)}`];
  if (shown.method === 'HEAD') parts.push('--head');
  else if (shown.method !== 'GET' || shown.request.body.bytes) parts.push(`-X ${quoted(shown.method)}`);
  for (const header of shown.request.headers) {
    if (IS_NAME.test(header.name) && !OF_THE_WAY.test(header.name)) parts.push(`-H ${quoted(headerLine(header))}`);
  }
  if (shown.request.body.text) parts.push(`--data-raw ${quoted(shown.request.body.text)}`);
  return parts.join(' \\\n  ');
}

async function copyCurl() {
  try {
    await navigator.clipboard.writeText(curl());
    put($('said'), shown.request.body.base64 ? 'copied, without the body: it is not text' : 'copied');
  } catch {
    put($('said'), 'the browser does not let pages copy');
  }
}

/* The controls. */

$('filter').addEventListener('input', showList);
$('clear').addEventListener('click', () => fetch('/api/v1/requests', {method: 'DELETE'}));
$('replay').addEventListener('click', () => send());
$('edit').addEventListener('click', edit);
$('edit-cancel').addEventListener('click', () => { $('editor').hidden = true; });
$('curl').addEventListener('click', copyCurl);
$('editor').addEventListener('submit', async submitted => {
  submitted.preventDefault();
  const changes = {method: $('edit-method').value.trim(), path: $('edit-path').value.trim(), headers: headersOf($('edit-headers').value)};
  const body = editedBody();
  if (body !== null) changes.body = body;
  if (await send(changes)) $('editor').hidden = true;
});
document.addEventListener('keydown', event => {
  const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
  if (!step || event.target.closest('input, textarea')) return;
  const items = [...$('requests').children];
  const at = items.findIndex(item => Number(item.dataset.request) === chosen);
  const next = items[at < 0 ? 0 : at + step];
  if (!next) return;
  event.preventDefault();
  choose(Number(next.dataset.request));
  next.scrollIntoView({block: 'nearest'});
  next.firstElementChild.focus();
});

/* The events. */

function onEvent(data, isSnapshot) {
  if (isSnapshot) requests.clear();
  if (agent !== null && agent !== data.agent) choose(null);
  agent = data.agent;
  for (const id of data.gone) requests.delete(id);
  for (const request of data.requests) requests.set(request.id, request);
  showTunnels(data.tunnels);
  pill($('live'), 'good', 'live');
  showList();
  const wanted = isSnapshot && chosen === null ? Number(location.hash.slice(1)) : chosen;
  if (wanted && !requests.has(wanted)) choose(null);
  else if (wanted && chosen === null) choose(wanted);
  else if (chosen !== null && data.requests.some(request => request.id === chosen)) refresh();
}

const events = new EventSource('/api/v1/events');
events.addEventListener('snapshot', event => onEvent(JSON.parse(event.data), true));
events.addEventListener('change', event => onEvent(JSON.parse(event.data), false));
events.onerror = () => {
  pill($('live'), 'bad', 'the agent does not answer');
  if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 2000);
};
