'use strict';
const $ = id => document.getElementById(id);
const MIB = 1024 * 1024;

/** Says how a card is doing: wait, busy, good or bad. */
function state(card, kind, text) {
  const pill = $(card).querySelector('.state');
  pill.dataset.state = kind;
  pill.textContent = text;
}

/** Draws the latest values as a line, the highest of them at the top. */
function spark(id, values) {
  const shown = values.slice(-60);
  const top = Math.max(...shown, 1e-9);
  const step = 240 / Math.max(shown.length - 1, 1);
  const points = shown.map((v, i) => `${(i * step).toFixed(1)},${(44 - 40 * v / top).toFixed(1)}`);
  if (points.length === 1) points.push('240,' + points[0].split(',')[1]);
  $(id).innerHTML = `<polygon points="0,48 ${points.join(' ')} 240,48"/><polyline points="${points.join(' ')}"/>`;
}

const median = values => [...values].sort((a, b) => a - b)[values.length >> 1];
const shortMs = ms => ms < 10 ? ms.toFixed(1) : Math.round(ms).toString();
const inMib = bytes => (bytes / MIB).toFixed(bytes < 10 * MIB ? 1 : 0) + ' MiB';

/* Request: the time of a small one, and what the site saw of it. */

const trips = [];
const SET_BY_EDGE = /^(forwarded|x-forwarded-.*|x-real-ip|culvert-.*)$/i;

async function trip() {
  const started = performance.now();
  const answer = await fetch('/api/request', {cache: 'no-store'});
  if (!answer.ok) throw new Error('the answer was ' + answer.status);
  const seen = await answer.json();
  trips.push(performance.now() - started);
  return seen;
}

async function measure(times) {
  $('trip-go').disabled = true;
  state('trip', 'busy', 'measuring');
  try {
    let seen;
    const first = trips.length;
    for (let i = 0; i < times; i++) {
      seen = await trip();
      spark('trip-spark', trips);
    }
    const these = trips.slice(first);
    $('trip-ms').textContent = shortMs(median(these));
    $('trip-note').textContent =
      `median of ${these.length}; fastest ${shortMs(Math.min(...these))} ms, slowest ${shortMs(Math.max(...these))} ms`;
    state('trip', 'good', 'answered');
    show(seen);
  } catch (fault) {
    state('trip', 'bad', 'failed');
    $('trip-note').textContent = fault.message;
  }
  $('trip-go').disabled = false;
}

$('trip-go').onclick = () => measure(10);

function show(seen) {
  const field = wanted => (seen.headers.find(([name]) => name.toLowerCase() === wanted) || [])[1];
  const relayed = field('culvert-relayed') === 'true';
  $('path-edge').textContent = [field('culvert-node'), location.host].filter(Boolean).join(' · ');
  $('path-bus').hidden = $('path-holder').hidden = !relayed;
  $('path-target').textContent = '127.0.0.1:' + seen.port;
  const rows = [['', `${seen.method} ${seen.path}`, false], ...seen.headers.map(([name, value]) => [name, value, SET_BY_EDGE.test(name)])];
  rows.sort((a, b) => (a[0] !== '') - (b[0] !== '') || b[2] - a[2]);
  $('head-rows').replaceChildren(...rows.map(([name, value, ours]) => {
    const row = document.createElement('tr');
    row.className = ours ? 'ours' : '';
    for (const text of [name || 'request', value]) row.insertCell().textContent = text;
    return row;
  }));
  const ours = rows.filter(row => row[2]).length;
  state('head', ours ? 'good' : 'wait', ours ? `${ours} fields from the edge` : 'no edge in between');
}

/* WebSocket: sends a number, waits for it to come back, counts. */

const echoes = [];
let socket, echoed = 0, beat;

function openSocket() {
  state('ws', 'busy', 'connecting');
  socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/api/echo');
  const beatOnce = () => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({at: performance.now()}));
  };
  socket.onopen = () => {
    state('ws', 'good', 'open');
    beatOnce();
    beat = setInterval(beatOnce, 500);
  };
  socket.onmessage = message => {
    const {at, text} = JSON.parse(message.data);
    $('ws-count').textContent = ++echoed;
    echoes.push(performance.now() - at);
    echoes.splice(0, echoes.length - 60);
    spark('ws-spark', echoes);
    if (text !== undefined) {
      $('ws-note').textContent = `the site says “${text}”, after ${shortMs(echoes.at(-1))} ms`;
    } else if (!$('ws-note').textContent.startsWith('the site')) {
      $('ws-note').textContent = `back after ${shortMs(echoes.at(-1))} ms`;
    }
  };
  socket.onclose = () => {
    clearInterval(beat);
    state('ws', 'bad', 'closed; again in 2 s');
    setTimeout(openSocket, 2000);
  };
}

$('ws-form').onsubmit = event => {
  event.preventDefault();
  const text = $('ws-text').value.trim();
  if (text && socket.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify({at: performance.now(), text}));
    $('ws-text').value = '';
  }
};

/* Event stream. */

const loads = new Array(32).fill(null);
let events = 0;

function openEvents() {
  const source = new EventSource('/api/events');
  state('sse', 'busy', 'connecting');
  source.onopen = () => state('sse', 'good', 'open');
  source.onmessage = message => {
    const {n, at, load} = JSON.parse(message.data);
    $('sse-count').textContent = ++events;
    loads.push(load);
    loads.shift();
    $('sse-bars').innerHTML = loads.map(v => v === null ? '<i class="rest"></i>' : '<i></i>').join('');
    [...$('sse-bars').children].forEach((bar, i) => { bar.style.height = (loads[i] ?? 4) + '%'; });
    $('sse-note').textContent = `number ${n} of this stream, written at ${new Date(at).toLocaleTimeString([], {hour12: false})}`;
  };
  source.onerror = () => state('sse', 'bad', source.readyState === EventSource.CLOSED ? 'closed' : 'connecting again');
}

/* Upload. */

async function upload(blob, name) {
  $('up-go').disabled = true;
  state('up', 'busy', 'hashing');
  $('up-sent').className = $('up-got').className = '';
  $('up-got').textContent = '…';
  try {
    const sent = new Sha256();
    for (let at = 0; at < blob.size; at += MIB) {
      sent.update(new Uint8Array(await blob.slice(at, at + MIB).arrayBuffer()));
    }
    const hash = sent.hex();
    $('up-sent').textContent = hash;
    state('up', 'busy', 'sending');
    const started = performance.now();
    const got = await post('/api/upload', blob, share => { $('up-bar').style.width = share * 100 + '%'; });
    const seconds = (performance.now() - started) / 1000;
    const same = got.sha256 === hash;
    $('up-got').textContent = got.sha256;
    $('up-sent').className = $('up-got').className = same ? 'same' : 'other';
    $('up-note').textContent = `${name}: ${inMib(got.bytes)} in ${seconds.toFixed(2)} s, ${(got.bytes / MIB / seconds).toFixed(1)} MiB/s`;
    state('up', same ? 'good' : 'bad', same ? 'arrived unchanged' : 'arrived changed');
  } catch (fault) {
    state('up', 'bad', 'failed');
    $('up-note').textContent = fault.message;
  }
  $('up-go').disabled = false;
}

/** fetch tells nothing of an upload's progress; this does. */
function post(url, body, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.responseType = 'json';
    request.upload.onprogress = event => progress(event.loaded / event.total);
    request.onload = () => request.status === 200 ? resolve(request.response) : reject(new Error('the answer was ' + request.status));
    request.onerror = () => reject(new Error('the connection broke'));
    request.send(body);
  });
}

function noise(bytes) {
  const piece = new Uint8Array(65536);
  const pieces = [];
  for (let left = bytes; left > 0; left -= piece.length) {
    crypto.getRandomValues(piece);
    pieces.push(piece.slice(0, Math.min(left, piece.length)));
  }
  return new Blob(pieces);
}

$('up-go').onclick = () => upload(noise(8 * MIB), 'noise');
$('up-file').onchange = event => event.target.files[0] && upload(event.target.files[0], event.target.files[0].name);
$('up-drop').ondragover = event => { event.preventDefault(); $('up-drop').classList.add('over'); };
$('up-drop').ondragleave = () => $('up-drop').classList.remove('over');
$('up-drop').ondrop = event => {
  event.preventDefault();
  $('up-drop').classList.remove('over');
  const file = event.dataTransfer.files[0];
  if (file) upload(file, file.name);
};

/* Download. */

async function download() {
  $('down-go').disabled = true;
  state('down', 'busy', 'downloading');
  try {
    const started = performance.now();
    const answer = await fetch('/api/download', {cache: 'no-store'});
    if (!answer.ok) throw new Error('the answer was ' + answer.status);
    const total = Number(answer.headers.get('Content-Length'));
    const announced = answer.headers.get('Content-Digest');
    const pieces = [];
    const reader = answer.body.getReader();
    let bytes = 0;
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      bytes += piece.value.length;
      pieces.push(piece.value);
      $('down-bar').style.width = 100 * bytes / total + '%';
      $('down-rate').textContent = (bytes / MIB / ((performance.now() - started) / 1000)).toFixed(0);
    }
    const seconds = (performance.now() - started) / 1000;
    $('down-rate').textContent = (bytes / MIB / seconds).toFixed(0);
    const got = new Sha256();
    for (const piece of pieces) got.update(piece);
    const same = bytes === total && announced === `sha-256=:${got.base64()}:`;
    $('down-note').textContent = `${inMib(bytes)} in ${seconds.toFixed(2)} s; the digest is ${same ? 'the announced one' : 'not the announced one'}`;
    state('down', same ? 'good' : 'bad', same ? 'arrived unchanged' : 'arrived changed');
  } catch (fault) {
    state('down', 'bad', 'failed');
    $('down-note').textContent = fault.message;
  }
  $('down-go').disabled = false;
}

$('down-go').onclick = download;

/* SHA-256, FIPS 180-4. A browser has its own only on pages that it trusts (https and *.localhost), and not in pieces. */

class Sha256 {
  static K = (() => {
    const primes = [];
    for (let n = 2; primes.length < 64; n++) if (primes.every(p => n % p)) primes.push(n);
    const fraction = root => (root - Math.floor(root)) * 2 ** 32 | 0;
    Sha256.START = primes.slice(0, 8).map(p => fraction(Math.sqrt(p)));
    return Int32Array.from(primes, p => fraction(Math.cbrt(p)));
  })();

  h = Int32Array.from(Sha256.START);
  w = new Int32Array(64);
  rest = new Uint8Array(64);
  restBytes = 0;
  bytes = 0;

  update(data) {
    this.bytes += data.length;
    let at = 0;
    if (this.restBytes) {
      at = Math.min(64 - this.restBytes, data.length);
      this.rest.set(data.subarray(0, at), this.restBytes);
      this.restBytes += at;
      if (this.restBytes < 64) return;
      this.block(this.rest, 0);
      this.restBytes = 0;
    }
    for (; at + 64 <= data.length; at += 64) this.block(data, at);
    this.rest.set(data.subarray(at));
    this.restBytes = data.length - at;
  }

  block(data, at) {
    const {h, w} = this, k = Sha256.K;
    for (let i = 0; i < 16; i++, at += 4) {
      w[i] = data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3];
    }
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + w[i - 7]
        + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3)
        + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0;
    }
    let [a, b, c, d, e, f, g, l] = h;
    for (let i = 0; i < 64; i++) {
      const s = l + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) + k[i] + w[i] | 0;
      const t = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c) | 0;
      l = g; g = f; f = e; e = d + s | 0; d = c; c = b; b = a; a = s + t | 0;
    }
    h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += l;
  }

  digest() {
    const bytes = this.bytes;
    const tail = new Uint8Array((this.restBytes < 56 ? 64 : 128) - this.restBytes);
    tail[0] = 0x80;
    const view = new DataView(tail.buffer);
    view.setUint32(tail.length - 8, Math.floor(bytes / 2 ** 29));
    view.setUint32(tail.length - 4, bytes * 8 % 2 ** 32);
    this.update(tail);
    const out = new DataView(new ArrayBuffer(32));
    this.h.forEach((word, i) => out.setInt32(4 * i, word));
    return new Uint8Array(out.buffer);
  }

  hex() { return Array.from(this.digest(), byte => byte.toString(16).padStart(2, '0')).join(''); }
  base64() { return btoa(String.fromCharCode(...this.digest())); }
}

$('path-edge').textContent = location.host;
void measure(10);
openSocket();
openEvents();
